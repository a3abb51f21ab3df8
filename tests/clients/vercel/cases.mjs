// One case with Vercel's AI SDK. The case comes as JSON on stdin; what came of it goes to stdout as JSON lines:
// {"piece": "..."} for each piece of a stream, then {"outcome": {...}} in the form of scenes.py.

import { readFileSync } from "node:fs";
import { createXai } from "@ai-sdk/xai";
import { generateText, jsonSchema, Output, stepCountIs, streamText, tool } from "ai";

const given = JSON.parse(readFileSync(0, "utf8"));
const xai = createXai({ baseURL: given.baseURL, apiKey: given.apiKey });
const model = given.api === "responses" ? xai.responses(given.model) : xai.chat(given.model);
const common = { model, prompt: given.prompt, maxRetries: 0 };

const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");

async function outcome(result) {
  const usage = await result.usage;
  return {
    text: await result.text,
    reasoning: await result.reasoningText,
    usage: {
      input: usage.inputTokens,
      output: usage.outputTokens,
      total: usage.totalTokens,
      reasoning: usage.outputTokenDetails.reasoningTokens,
    },
    citations: (await result.sources).map((source) => source.url),
    sources: (await result.toolResults).flatMap((found) => found.output.sources ?? []).map((source) => source.url),
  };
}

async function streamed(options) {
  const result = streamText({ ...common, ...options });
  for await (const piece of result.textStream) say({ piece });
  return outcome(result);
}

async function loop() {
  const calls = [];
  const { name, description, parameters } = given.function;
  const execute = async (input) => {
    calls.push({ [name]: input });
    return given.result;
  };
  const result = await generateText({
    ...common,
    tools: { [name]: tool({ description, inputSchema: jsonSchema(parameters), execute }) },
    stopWhen: stepCountIs(3),
    providerOptions: { xai: given.api === "responses" ? { store: false } : {} },
  });
  return { text: result.text, calls };
}

const shaped = () => ({ output: Output.object({ schema: jsonSchema(given.schema) }) });
const searching = () => ({ tools: { web_search: xai.tools.webSearch() } });

const cases = {
  text: async () => outcome(await generateText(common)),
  stream: () => streamed({}),
  tools: loop,
  structured: async () => ({ data: (await generateText({ ...common, ...shaped() })).output }),
  structuredStream: async () => {
    let data;
    for await (const partial of streamText({ ...common, ...shaped() }).partialOutputStream) data = partial;
    return { data };
  },
  search: async () => outcome(await generateText({ ...common, ...searching() })),
  searchStream: () => streamed(searching()),
  badKey: async () => {
    try {
      await generateText(common);
      return {};
    } catch (error) {
      return { status: error.statusCode, error: error.message };
    }
  },
};

say({ outcome: await cases[given.case]() });
