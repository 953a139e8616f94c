import { expect } from "chai";
import { parse } from "yaml";
import { setImage } from "../../images/gitops-pr/kustomization";
import { generate, type Kustomization, seeded } from "./kustomizationGenerator";
import { digest } from "./kustomizeCases";

const SEED = 20260131;
const CASES = 500;

type Fields = Record<string, unknown>;

/** Arguments, and the fields that kustomize sets then. An asterisk keeps what is there. */
const commands: [argument: string, fields: Record<string, string>][] = [
  ["app:v2", { newTag: "v2" }],
  ["app:v1", { newTag: "v1" }],
  ["app:on", { newTag: "on" }],
  ["app:1e1_0", { newTag: "1e1_0" }],
  ["app=r/app:v2", { newName: "r/app", newTag: "v2" }],
  ["app=*:v2", { newName: "*", newTag: "v2" }],
  [`app@${digest}`, { digest }],
  [`app=*:v2@${digest}`, { newName: "*", newTag: "v2", digest }],
  ["app=r/app:*@*", { newName: "r/app", newTag: "*", digest: "*" }],
];

const NO_STRING = /^newTag of image app is not a string: write it in quotes$/;

function entriesOf(text: string, version: "1.1" | "1.2" = "1.2"): { app: Fields[]; others: Fields[]; rest: Fields } {
  const { images, ...rest } = (parse(text, { version }) ?? {}) as Fields;
  const entries = (images ?? []) as Fields[];
  const isApp = ({ name }: Fields): boolean => name === "app";
  return { app: entries.filter(isApp), others: entries.filter((it) => !isApp(it)), rest };
}

/** What must hold of an edited kustomization. */
function check({ text, before, after, behind, comments }: Kustomization, edited: string, wanted: Fields): void {
  const given = entriesOf(text);
  expect(entriesOf(edited)).to.deep.equal({ ...given, app: [wanted] });
  expect(entriesOf(edited, "1.1").app, "to a parser of YAML 1.1").to.deep.equal([wanted]);
  expect(edited.slice(0, before.length)).to.equal(before);
  expect(edited.slice(edited.length - after.length)).to.equal(after);
  const kept = behind.filter(([field]) => field in wanted).map(([, comment]) => comment);
  for (const comment of [...comments, ...kept]) {
    expect(edited.split(comment), comment).to.have.length(2);
  }
  if (text.includes("\r\n")) {
    expect(edited).not.to.match(/[^\r]\n/);
  }
}

/** Sets the image twice, and says whether it was set or rightly refused. */
function play(kustomization: Kustomization, argument: string, command: Record<string, string>): "set" | "refused" {
  const { text, excuses, mistake } = kustomization;
  const present = entriesOf(text).app[0] ?? {};
  const fields = Object.entries(command).map(([field, value]) => [field, value === "*" ? present[field] : value]);
  const wanted = { name: "app", ...Object.fromEntries(fields.filter(([, value]) => value)) };
  const mistakes = [mistake, typeof wanted.newTag === "number" ? NO_STRING : undefined].filter(
    (it) => it !== undefined,
  );
  let edited: string;
  try {
    edited = setImage(text, argument);
  } catch (error) {
    const { message } = error as Error;
    expect(message).to.satisfy(() => [...mistakes, ...excuses].some((it) => it.test(message)));
    return "refused";
  }
  expect(mistakes, "mistakes that were passed over").to.deep.equal([]);
  check(kustomization, edited, wanted);
  expect(setImage(edited, argument), "a second time").to.equal(edited);
  return "set";
}

describe("images/gitops-pr kustomization, however it is written", () => {
  it("sets one entry and nothing else, or says why not", () => {
    const random = seeded(SEED);
    const tally = { set: 0, refused: 0 };
    for (let index = 0; index < CASES; index++) {
      const kustomization = generate(random);
      const [argument, command] = random(commands);
      try {
        tally[play(kustomization, argument, command)]++;
      } catch (cause) {
        throw new Error(`${argument} of ${JSON.stringify(kustomization.text)}: ${(cause as Error).message}`, { cause });
      }
    }
    expect(tally.set).to.be.above(CASES / 2);
    expect(tally.refused).to.be.above(CASES / 50);
  });
});
