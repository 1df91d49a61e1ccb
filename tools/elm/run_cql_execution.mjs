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
const { ExpressionRef } = require("cql-execution/lib/elm/reusable");

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
// cql-execution works a define out anew at every reference to it, which for content of this depth takes minutes and
// gigabytes. So it is given from outside what it lacks: one copy of each library instead of one per include path, and a
// memory of each define's value within the evaluation of one record. What a define's value is stays its own affair.
class OneCopyEach extends cql.Repository {
  copies = new Map();
  resolve(name, version) {
    if (!this.copies.has(name)) this.copies.set(name, super.resolve(name, version));
    return this.copies.get(name);
  }
}

let memory = new Map();

function valueOf(define, context) {
  if (!memory.has(define)) memory.set(define, define.execute(context));
  return memory.get(define);
}

ExpressionRef.prototype.exec = async function (context) {
  const own = this.library ? context.getLibraryContext(this.library) : context;
  const value = own.get(this.name);
  return value instanceof cql.Expression ? await valueOf(value, own) : value;
};

const repository = new OneCopyEach(byName);
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

/** Each define by itself, so that one that fails says so and the others have their values. */
async function evaluate(library, name, patient) {
  const context = new cql.PatientContext(library, patient, codes, {}, date, new cql.NullMessageListener());
  const answer = {};
  for (const define of request.defines ?? defineNames(name)) {
    try {
      answer[define] = plain(await valueOf(library.expressions[define], context));
    } catch (error) {
      answer[define] = { $error: error?.cause?.message ?? error?.message ?? String(error) };
    }
  }
  return answer;
}

const libraries = Object.fromEntries(
  request.libraries.map((name) => [name, repository.resolve(name, byName[name].library.identifier.version)]),
);
const answers = Object.fromEntries(request.libraries.map((name) => [name, []]));
for (const file of request.bundles) {
  memory = new Map();
  const patient = patientOf(file).currentPatient();
  for (const name of request.libraries) {
    answers[name].push(await evaluate(libraries[name], name, patient));
  }
}
process.stdout.write(JSON.stringify(answers) + "\n");
