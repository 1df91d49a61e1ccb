// Translates CQL libraries to ELM with the reference translator. Reads one JSON request from standard input and
// writes one JSON answer to standard output, so that Python decides about files, caching and messages:
//   request  {"sources": [{"name", "text", "needs": ["LibraryName"]}], "includes": {"LibraryName": "text"}}
//   answer   {"translator": "5.3.0", "results": [{"name", "elm": object | null, "brokenNeeds": ["LibraryName"],
//              "messages": [{"severity", "library", "line", "column", "message"}]}]}
// A source is not translated when one that it needs came before it and failed: the translator keeps no broken library,
// so it would translate that one anew for every path of includes that leads to it, and copy its errors each time.
// "includes" are the libraries that an `include` may name. Each source gets a library manager of its own when
// "includes" is empty: one that fails never spoils its neighbours.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import path from "node:path";
import {
  CqlCompilerOptions,
  CqlTranslator,
  LibraryBuilder,
  LibraryManager,
  ModelManager,
  createLibrarySourceProvider,
  createModelInfoProvider,
  createUcumService,
  stringAsSource,
} from "@cqframework/cql/cql-to-elm";

// The translator logs to standard output, which belongs to the answer alone.
const writeAnswer = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);

const here = path.dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const ucum = require("@lhncbc/ucum-lhc").UcumLhcUtils.getInstance();
const modelInfoFiles = {
  System: path.join(here, "system-modelinfo.xml"),
  FHIR: path.join(here, "node_modules/cql-exec-fhir/lib/modelInfos/fhir-modelinfo-4.0.1.xml"),
};

function newModelManager() {
  const models = new ModelManager();
  models.modelInfoLoader.registerModelInfoProvider(
    createModelInfoProvider((name) =>
      modelInfoFiles[name] ? stringAsSource(readFileSync(modelInfoFiles[name], "utf8")) : null,
    ),
  );
  return models;
}

function unitService() {
  const unused = (operation) => () => {
    throw new Error(`the translator asked for unit ${operation}, which only an engine needs`);
  };
  return createUcumService(
    (value, from, to) => {
      const answer = ucum.convertUnitTo(from, Number(value), to);
      if (answer.status !== "succeeded") throw new Error(`cannot convert ${from} to ${to}`);
      return String(answer.toVal);
    },
    (unit) => {
      const answer = ucum.validateUnitString(unit, false);
      return answer.status === "valid" ? null : `invalid UCUM unit '${unit}'`;
    },
    unused("multiplication"),
    unused("division"),
  );
}

function compilerOptions() {
  const { EnableLocators, EnableResultTypes } = CqlCompilerOptions.Options;
  const options = new CqlCompilerOptions();
  options.setOptions([EnableLocators, EnableResultTypes]);
  return options
    .withCompatibilityLevel("1.5")
    .withSignatureLevel(LibraryBuilder.SignatureLevel.All);
}

function newLibraryManager(models, includes, units) {
  const libraries = new LibraryManager(models, compilerOptions(), null, units);
  libraries.librarySourceLoader.registerProvider(
    createLibrarySourceProvider((name) =>
      Object.hasOwn(includes, name) ? stringAsSource(includes[name]) : null,
    ),
  );
  return libraries;
}

/** Errors and warnings arrive as library annotations; only the translator's version is kept in the ELM. */
function separateMessages(library) {
  const messages = [];
  const info = [];
  for (const note of library.annotation ?? []) {
    if (note.type === "CqlToElmError") {
      messages.push({
        severity: note.errorSeverity,
        library: note.libraryId ?? library.identifier?.id ?? null,
        line: note.startLine ?? 1,
        column: note.startChar ?? 1,
        message: note.message,
      });
    } else if (note.type === "CqlToElmInfo") {
      info.push(note);
    }
  }
  library.annotation = info;
  return messages;
}

function translate(source, libraries) {
  let document;
  try {
    document = JSON.parse(CqlTranslator.fromText(source.text, libraries).toJson());
  } catch (error) {
    const text = error?.message ?? String(error);
    return {
      name: source.name,
      elm: null,
      brokenNeeds: [],
      messages: [{ severity: "error", library: source.name, line: 1, column: 1, message: text }],
    };
  }
  const messages = separateMessages(document.library);
  const failed = messages.some((message) => message.severity === "error");
  return { name: source.name, elm: failed ? null : document, brokenNeeds: [], messages };
}

const request = JSON.parse(readFileSync(0, "utf8"));
const includes = request.includes ?? {};
const models = newModelManager();
const units = unitService();
const shared = Object.keys(includes).length > 0 ? newLibraryManager(models, includes, units) : null;
const broken = new Set();
const results = request.sources.map((source) => {
  const brokenNeeds = source.needs.filter((name) => broken.has(name));
  const result =
    brokenNeeds.length > 0
      ? { name: source.name, elm: null, brokenNeeds, messages: [] }
      : translate(source, shared ?? newLibraryManager(models, includes, units));
  if (result.elm === null) broken.add(source.name);
  return result;
});
const version = JSON.parse(
  readFileSync(path.join(here, "node_modules/@cqframework/cql/package.json"), "utf8"),
).version;
writeAnswer(JSON.stringify({ translator: version, results }));
