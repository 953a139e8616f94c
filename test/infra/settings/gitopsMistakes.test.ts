import { expect } from "chai";
import { FOLDER_FORM } from "../../../handlers/pullRequests/fields";
import {
  gitopsStorefront,
  mistakesOf,
  type Raw,
  storefront,
  withApplication,
  withGitops,
  withKeys,
} from "../configurations";

const REMOVE = "is only for ECS, and with deploy: gitops the gitops repository defines what runs; remove it";

/** A configuration, and all lines that it gives. */
const MISTAKES: [title: string, raw: Raw, ...lines: string[]][] = [
  [
    "deploy: gitops without a gitops repository",
    withKeys({ "slipway:applications": [storefront, { ...gitopsStorefront, name: "kiosk" }] }),
    "slipway:pullRequests: is missing; expected the gitops repository, because slipway:applications[1] has deploy: gitops",
  ],
  [
    "what runs on ECS",
    withGitops({
      services: storefront.services,
      task: { cpu: 512, memory: 1024 },
      migrate: { command: ["migrate"] },
      schedules: "schedules.yaml",
    }),
    ...["services", "task", "migrate", "schedules"].map((key) => `slipway:applications[0].${key}: ${REMOVE}`),
  ],
  ["no services", withGitops({ services: [] }), `slipway:applications[0].services: ${REMOVE}`],
  [
    "an application without a name",
    withGitops({ name: undefined }),
    "slipway:applications[0].name: is missing; expected a name such as storefront",
  ],
  [
    "a folder of a deployment on ECS",
    withApplication({ gitops: { service: "storefront" } }),
    "slipway:applications[0].gitops: is only for deploy: gitops; remove it, or set deploy: gitops",
  ],
  [
    "a folder by its name alone",
    withGitops({ gitops: "storefront" }),
    'slipway:applications[0].gitops: "storefront" is not a map of settings; allowed: service, image',
  ],
  [
    "an unknown key of gitops",
    withGitops({ gitops: { environment: "dev" } }),
    "slipway:applications[0].gitops.environment: is not a setting; allowed: service, image",
  ],
  ...["kustomize/storefront", "../storefront", "Storefront", "storefront.lock", "s".repeat(101)].map(
    (service): [string, Raw, string] => [
      `the folder ${service}`,
      withGitops({ gitops: { service } }),
      `slipway:applications[0].gitops.service: ${service.length > 78 ? `"${service.slice(0, 78)}…` : `"${service}"`} is not a folder under kustomize/; allowed: ${FOLDER_FORM}, such as storefront`,
    ],
  ),
  ...["storefront:v1", "storefront@sha256:0", "a=b", "store\u200bfront", ""].map((image): [string, Raw, string] => [
    `the image ${JSON.stringify(image)}`,
    withGitops({ gitops: { image } }),
    `slipway:applications[0].gitops.image: "${image}" is not an image's name in manifests; allowed: a name without tag and digest, such as storefront`,
  ]),
  [
    "one folder of two applications, by default and by name",
    withGitops({}, { name: "kiosk" }, { name: "shop", gitops: { service: "storefront" } }),
    'slipway:applications[2].gitops.service: "storefront" is already used by slipway:applications[0].gitops.service; allowed: each value once',
  ],
  [
    "manifests on the branch that is built",
    withGitops({ source: { push: { repository: "Acme/gitops", branch: "main" } } }),
    "slipway:applications[0].source.push: is the branch that its own pull requests are merged into, so that each merge would open the next one; keep the manifests in another repository, or on another branch",
  ],
  [
    "deployments by HTTP of what pull requests deploy",
    { ...withGitops({}), "slipway:deploymentApi": true },
    "slipway:deploymentApi: no application has deploy: callback; set it for one, or remove deploymentApi",
  ],
];

describe("the configuration of an application that a pull request deploys", () => {
  for (const [title, raw, ...lines] of MISTAKES)
    it(`refuses ${title}`, () => {
      expect(mistakesOf(raw)).to.deep.equal(lines);
    });
});
