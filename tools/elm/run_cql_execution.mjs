// Evaluates defines with npm cql-execution (development only): a second opinion on our own engine. Reads one JSON
// request from standard input and writes one JSON answer to standard output:
//   request  {"libraries": [name], "elm": folder, "valueSets": folder, "asOf": FHIR date or dateTime,
//             "bundles": [file], "defines": [name] | null for all}
//   answer   {"Library": [{"Define": value}, one per bundle]}
// Dates, dateTimes and times are ISO strings, resources "Type/id", intervals and quantities objects. A define that
// fails gives {"$error": message}.
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const require = createRequire(import.meta.url);
const cql = require("cql-execution");
const fhir = require("cql-exec-fhir");

const readJson = (file) => JSON.parse(readFileSync(file, "utf8"));
const jsonFiles = (folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => readJson(path.join(folder, name)));

function readValueSets(folder) {
  const byUrl = {};
  for (const resource of jsonFiles(folder)) {
    if (resource.resourceType !== "ValueSet") continue;
    const codes = (resource.expansion?.contains ?? []).map(({ code, system, version, display }) => ({
      code,
      system,
      version,
      display,
    }));
    byUrl[resource.url] = { [resource.version ?? ""]: codes };
  }
  return byUrl;
}

function plain(value) {
  if (value === null || value === undefined) return null;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "object") return value;
  if (value.isDateTime || value.isDate || value.isTime?.()) return value.toString();
  if (value.isInterval) {
    return {
      low: plain(value.low),
      high: plain(value.high),
      lowClosed: value.lowClosed,
      highClosed: value.highClosed,
    };
  }
  if (value.isQuantity) return { value: value.value, unit: value.unit ?? "1" };
  if (value.isValueSet) return { valueSet: value.oid ?? value.id };
  if (typeof value.getTypeInfo === "function" && value._json !== undefined) return plainFhir(value);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => typeof member !== "function")
      .map(([key, member]) => [key, plain(member)]),
  );
}

/** A resource becomes its reference, any other FHIR element its JSON. */
function plainFhir(value) {
  const json = value._json;
  return json?.resourceType ? `${json.resourceType}/${json.id}` : json;
}

const request = readJson(0);
const byName = Object.fromEntries(
  jsonFiles(request.elm)
    .filter((document) => document.library)
    .map((document) => [document.library.identifier.id, document]),
);
for (const name of request.libraries) {
  if (byName[name]) continue;
  process.stderr.write(`no ELM of library ${name} in ${request.elm}\n`);
  process.exit(1);
}
const repository = new cql.Repository(byName);
const codes = new cql.CodeService(readValueSets(request.valueSets));
const date = cql.DateTime.parse(
  request.asOf.includes("T") ? request.asOf : `${request.asOf}T00:00:00.000+00:00`,
);

function patientOf(file) {
  const patients = fhir.PatientSource.FHIRv401();
  patients.loadBundles([readJson(file)]);
  return patients;
}

function defineNames(library) {
  const all = byName[library].library.statements?.def ?? [];
  return all.filter((def) => def.type !== "FunctionDef").map((def) => def.name);
}

async function evaluateOne(executor, name, file) {
  try {
    const results = await executor.exec_expression(name, patientOf(file), date);
    const [values] = Object.values(results.patientResults);
    return plain(values[name]);
  } catch (error) {
    return { $error: error?.cause?.message ?? error?.message ?? String(error) };
  }
}

/** All at once shares what defines have in common; one by one only when something failed. */
async function evaluate(executor, library, file) {
  const names = request.defines ?? defineNames(library);
  if (request.defines === null) {
    try {
      const results = await executor.exec(patientOf(file), date);
      const [values] = Object.values(results.patientResults);
      return Object.fromEntries(names.map((name) => [name, plain(values[name])]));
    } catch {
      // one define failed; the loop below says which
    }
  }
  const answer = {};
  for (const name of names) answer[name] = await evaluateOne(executor, name, file);
  return answer;
}

const answers = {};
for (const library of request.libraries) {
  const executor = new cql.Executor(new cql.Library(byName[library], repository), codes);
  answers[library] = [];
  for (const file of request.bundles) {
    answers[library].push(await evaluate(executor, library, file));
  }
}
process.stdout.write(JSON.stringify(answers) + "\n");
