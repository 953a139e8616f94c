import { commitVersion } from "../../forges/storefront";
import type { Step } from "../scenario";
import { addWebhook, answers, delivers, push } from "./deliveries";
import { asOperator } from "./operator";
import { noSecretLeaks } from "./secretLeaks";

/** The secret named in a stack's settings. */
export const secret = "acme/forge-token";

/** Tokens used one after the other. */
const tokens = ["gh-first-8f1c27e0b4a94d6f", "gh-second-52d9e6137ab84c0e"];

/** The repository can now be read only with another token, which the secret holds. */
const opensWith = (position: number, title: string): Step => ({
  title,
  async run(context) {
    const SecretString = String(tokens[position]);
    await asOperator(context, "secretsmanager", "PutSecretValue", { SecretId: secret, SecretString });
    context.forges.protect(context.repository, SecretString);
    // A callback that has just read the secret reads it again after ten seconds: sooner, a fetch needs a second attempt.
    await context.clock.wait(15_000);
    return secret;
  },
});

/** Two versions of a private repository, the second after a token change. */
export const withToken: Step[] = [
  opensWith(0, "the repository is private, and the operator stores its token in Secrets Manager"),
  addWebhook,
  push("version 1.0.0 is pushed", (repository) => commitVersion(repository, "1.0.0")),
  delivers,
  answers("1.0.0"),
  opensWith(1, "the token is replaced by another, at the forge and in Secrets Manager"),
  push("version 2.0.0 is pushed", (repository) => commitVersion(repository, "2.0.0")),
  delivers,
  answers("2.0.0"),
  noSecretLeaks(tokens),
];
