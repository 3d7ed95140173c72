// Starts aimock, an independent OpenAI-compatible server, with the fixtures of a JSON file; prints its port, stops with stdin.
// Usage: node aimock.mjs PATH_TO_PACKAGE FIXTURES.json
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [, , packagePath, fixturesPath] = process.argv;
const { LLMock } = await import(pathToFileURL(packagePath).href);
const { options = {}, fixtures } = JSON.parse(readFileSync(fixturesPath, "utf8"));
const server = new LLMock({ port: 0, host: "127.0.0.1", ...options });
for (const fixture of fixtures) server.addFixture(fixture);
await server.start();
console.log(JSON.stringify({ url: server.url }));
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
