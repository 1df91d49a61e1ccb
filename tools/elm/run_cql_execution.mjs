// Evaluates defines with npm cql-execution (development only): a second opinion on our own engine.
//   node run_cql_execution.mjs LIBRARY BUNDLE.json AS_OF ELM_DIRECTORY VALUESET_DIRECTORY [DEFINE ...]
// AS_OF is a FHIR date or dateTime. Prints {"Define": value} for the patient of the bundle; all defines when none is
// named. Dates, dateTimes and times are ISO strings, resources "Type/id", intervals and quantities objects.
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

const [libraryName, bundleFile, asOf, elmFolder, valueSetFolder, ...defines] = process.argv.slice(2);
const documents = jsonFiles(elmFolder).filter((document) => document.library);
const byName = Object.fromEntries(documents.map((d) => [d.library.identifier.id, d]));
const library = new cql.Library(byName[libraryName], new cql.Repository(byName));
const patients = fhir.PatientSource.FHIRv401();
patients.loadBundles([readJson(bundleFile)]);
const when = asOf.includes("T") ? asOf : `${asOf}T00:00:00.000+00:00`;
const executor = new cql.Executor(library, new cql.CodeService(readValueSets(valueSetFolder)));
const date = cql.DateTime.parse(when);
const answer = {};
if (defines.length > 0) {
  for (const name of defines) {
    const results = await executor.exec_expression(name, patients, date);
    const [values] = Object.values(results.patientResults);
    answer[name] = plain(values[name]);
    patients.reset();
    patients.loadBundles([readJson(bundleFile)]);
  }
} else {
  const results = await executor.exec(patients, date);
  const [values] = Object.values(results.patientResults);
  for (const [name, value] of Object.entries(values)) answer[name] = plain(value);
}
process.stdout.write(JSON.stringify(answer, null, 1) + "\n");
