// A cql-execution that stays alive and is told when to run (development only), so that two engines can take turns.
// First line of standard input:
//   {"elm": [file], "valueSets": folder, "asOf": dateTime, "bundles": [file], "library": name, "defines": [name],
//    "mode": "published" | "counted" | "memo"}
// then one line per turn: {"runs": n}. Answer per turn: {"milliseconds": [n], "processor": [n], "executed": defines executed in the last run}.
//
// "milliseconds" are by the clock, "processor" is the time of the thread that evaluates (the help that V8's collector
// and compilers give on other threads is not counted).
//
// Timed is what a request has to do once the bundle is parsed and wrapped: a new PatientContext, and the defines in
// turn, as Executor.exec does. Not timed: reading files, building the library, PatientSource.loadBundles.
//
// Modes: the package as published; the same, counting every execution of a define; or given from outside what it lacks,
// a memory of each define's value within one evaluation (and one copy of each library instead of one per include path).
// The last shows how much of the distance is that, and how much is the rest.
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import readline from "node:readline";

const require = createRequire(new URL("../tools/elm/package.json", import.meta.url));
const cql = require("cql-execution");
const fhir = require("cql-exec-fhir");
const { ExpressionRef } = require("cql-execution/lib/elm/reusable");

const readJson = (file) => JSON.parse(readFileSync(file, "utf8"));
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const nextLine = async () => {
  const { value, done } = await lines.next();
  return done ? null : JSON.parse(value);
};

const request = await nextLine();
const byName = Object.fromEntries(
  request.elm.map(readJson).map((document) => [document.library.identifier.id, document]),
);
const valueSets = {};
for (const name of readdirSync(request.valueSets).filter((name) => name.endsWith(".json"))) {
  const resource = readJson(path.join(request.valueSets, name));
  if (resource.resourceType !== "ValueSet") continue;
  valueSets[resource.url] = { [resource.version ?? ""]: resource.expansion?.contains ?? [] };
}

class OneCopyEach extends cql.Repository {
  copies = new Map();
  resolve(path, version) {
    if (!this.copies.has(path)) this.copies.set(path, super.resolve(path, version));
    return this.copies.get(path);
  }
}

const repository = request.mode === "memo" ? new OneCopyEach(byName) : new cql.Repository(byName);
const library = new cql.Library(byName[request.library], repository);
const codes = new cql.CodeService(valueSets);
const date = cql.DateTime.parse(request.asOf);
const bundles = request.bundles.map(readJson);
const listener = new cql.NullMessageListener();

const remembers = request.mode === "memo";
let memory = null;
let executed = 0;
if (request.mode !== "published") {
  ExpressionRef.prototype.exec = async function (context) {
    const own = this.library ? context.getLibraryContext(this.library) : context;
    const value = own.get(this.name);
    return value instanceof cql.Expression ? await valueOf(value, own) : value;
  };
}

async function valueOf(define, context) {
  if (remembers && memory.has(define)) return memory.get(define);
  executed += 1;
  const value = await define.execute(context);
  if (remembers) memory.set(define, value);
  return value;
}

async function evaluateOnce(bundle) {
  const source = fhir.PatientSource.FHIRv401();
  source.loadBundles([bundle]);
  const patient = source.currentPatient();
  memory = new Map();
  executed = 0;
  const before = process.threadCpuUsage();
  const started = performance.now();
  const context = new cql.PatientContext(library, patient, codes, {}, date, listener);
  for (const name of request.defines) await valueOf(library.expressions[name], context);
  const clock = performance.now() - started;
  const used = process.threadCpuUsage(before);
  return { clock, processor: (used.user + used.system) / 1000 };
}

let turn = 0;
for (let order = await nextLine(); order !== null; order = await nextLine()) {
  const milliseconds = [];
  const processor = [];
  for (let run = 0; run < order.runs; run += 1) {
    const took = await evaluateOnce(bundles[turn % bundles.length]);
    milliseconds.push(took.clock);
    processor.push(took.processor);
    turn += 1;
  }
  process.stdout.write(JSON.stringify({ milliseconds, processor, executed }) + "\n");
}
