import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { parseDockerfile } from "../../rehearsal/cloud/docker/dockerfile";
import { plan } from "../../rehearsal/cloud/docker/plan";
import { mistakesOf, type Pin } from "./dockerfileLint";

const ROOT = path.resolve(__dirname, "../..");
const IMAGE = path.join(ROOT, "images/gitops-pr");

const read = (file: string): string => readFileSync(path.join(ROOT, file), "utf8");

interface Package {
  version?: string;
  integrity?: string;
  resolved?: string;
  hasInstallScript?: boolean;
}

const lockOf = (folder: string): Record<string, Package> =>
  JSON.parse(read(path.join(folder, "package-lock.json"))).packages;

describe("the project's Dockerfiles", () => {
  // An example follows its readers' major version; what the platform runs itself is always the same.
  const dockerfiles: Record<string, Pin> = {
    "examples/storefront/Dockerfile": "major",
    "images/gitops-pr/Dockerfile": "version",
  };

  it("are these", () => {
    const found = ["examples", "images"].flatMap((folder) =>
      readdirSync(path.join(ROOT, folder), { recursive: true, encoding: "utf8" })
        .filter((file) => /(^|\/|\.)Dockerfile$/.test(file) && !file.includes("node_modules/"))
        .map((file) => `${folder}/${file}`),
    );
    expect(found.sort()).to.deep.equal(Object.keys(dockerfiles));
  });

  for (const [file, pin] of Object.entries(dockerfiles))
    it(`have no mistake: ${file}`, () => {
      expect(mistakesOf(read(file), pin)).to.deep.equal([]);
    });

  const FROM = "FROM node:24.21.0-alpine3.24";
  const mistakes: [name: string, dockerfile: string[], expected: string[]][] = [
    ["an unknown instruction", [FROM, "FRO x", "USER node"], ["2: Unknown instruction: FRO"]],
    ["a relative folder", [FROM, "WORKDIR app", "USER node"], ["2: WORKDIR paths should be absolute"]],
    [
      "quotes that are no JSON's",
      [FROM, "USER node", "CMD ['node']"],
      [
        "3: Instruction written as a JSON array but is using single quotes instead of double quotes",
        "3: CMD is no list in JSON: a shell would get the signals",
      ],
    ],
    [
      "a mistake of the shell",
      [FROM, "RUN true", "RUN cd /app \\", "  && rm $1", "USER node"],
      ["3: SC2086: Double quote to prevent globbing and word splitting."],
    ],
    ["a base without a version", ["FROM node", "USER node"], ["1: the base image node is not pinned"]],
    [
      "a base of a major version",
      ["ARG BASE=acme", `FROM \${BASE}/node:24-alpine AS one`, FROM, "COPY --from=one /a /a", "USER node"],
      ["2: the base image acme/node:24-alpine is not pinned"],
    ],
    ["no user", [FROM, 'CMD ["true"]'], ["1: the image runs as root: it names no USER"]],
    [
      "a user of another stage",
      [`${FROM} AS one`, "USER node", FROM, "COPY --from=one /a /a"],
      ["3: the image runs as root: it names no USER"],
    ],
    ["root", [FROM, "USER node", "USER 0:0"], ["3: the image runs as root"]],
    [
      "packages of any version",
      [FROM, "RUN apk add git curl~=8.1", "USER node"],
      ["2: apk leaves its index in the image", "2: the package git is not pinned"],
    ],
    [
      "programs behind a shell",
      [FROM, "USER node", "ENTRYPOINT /entry.sh", "CMD node main.ts"],
      [
        "3: ENTRYPOINT is no list in JSON: a shell would get the signals",
        "4: CMD is no list in JSON: a shell would get the signals",
      ],
    ],
    [
      "packages that its user may not install",
      [FROM, "USER node", "RUN apk add --no-cache git~=2.54"],
      ["3: apk needs root, and is node"],
    ],
    [
      "packages that the user of the stage before may not install",
      [`${FROM} AS one`, "USER 1000:1000", "FROM one", 'RUN ["apt-get", "install", "git"]', "USER node"],
      ["4: apt-get needs root, and is 1000:1000"],
    ],
    [
      "nothing where root installs packages in between",
      [FROM, "USER node", "USER root", "RUN apk add --no-cache git~=2.54", "USER node"],
      [],
    ],
  ];
  for (const [name, lines, expected] of mistakes)
    it(`would be refused for ${name}`, () => {
      expect(mistakesOf(`${lines.join("\n")}\n`, "version")).to.deep.equal(expected);
    });
});

describe("the image of pull requests", () => {
  const own = JSON.parse(read("images/gitops-pr/package.json"));
  const project = JSON.parse(read("package.json"));
  const { dependencies } = own as { dependencies: Record<string, string> };

  it("asks for the versions that are tested here", () => {
    const tested: Record<string, string> = { ...project.devDependencies, ...project.dependencies };
    expect(dependencies).to.deep.equal(Object.fromEntries(Object.keys(dependencies).map((it) => [it, tested[it]])));
    expect(Object.keys(own.devDependencies ?? {})).to.deep.equal([]);
  });

  it("locks every package to one that is tested here, from any registry, without scripts", () => {
    const { "": root, ...packages } = lockOf("images/gitops-pr");
    expect(root).to.deep.include({ name: own.name, version: own.version, dependencies });
    const tested = Object.entries(lockOf(".")).map(([place, it]) => `${nameOf(place)} ${it.version} ${it.integrity}`);
    for (const [place, { version, integrity, resolved, hasInstallScript }] of Object.entries(packages)) {
      expect(tested, place).to.include(`${nameOf(place)} ${version} ${integrity}`);
      expect([integrity?.slice(0, 7), resolved, hasInstallScript], place).to.deep.equal([
        "sha512-",
        undefined,
        undefined,
      ]);
    }
    expect(Object.keys(packages)).to.include.members(Object.keys(dependencies).map((it) => `node_modules/${it}`));
  });

  it("runs the Node.js that the tests run", () => {
    const { stages } = plan(parseDockerfile(readFileSync(path.join(IMAGE, "Dockerfile"), "utf8")), () => undefined);
    const base = `public.ecr.aws/docker/library/node:${project.devDependencies.node}-alpine3.24`;
    expect(stages.map(({ from }) => from)).to.deep.equal([base, base]);
  });
});

const nameOf = (place: string): string => place.replace(/^.*node_modules\//, "");
