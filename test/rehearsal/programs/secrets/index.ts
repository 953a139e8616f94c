import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

class Store extends pulumi.ComponentResource {
  readonly secret: aws.secretsmanager.Secret;
  constructor(name: string) {
    super("slipway:infra:Store", name);
    this.secret = new aws.secretsmanager.Secret(`${name}-secret`, {}, { parent: this });
    new aws.secretsmanager.SecretVersion(
      `${name}-version`,
      { secretId: this.secret.id, secretString: pulumi.secret("hunter2") },
      { parent: this.secret, ignoreChanges: ["secretString"] },
    );
    this.registerOutputs();
  }
}

const store = new Store("webhook");
export const cidr = new pulumi.Config().requireObject<{ cidr: string }>("network").cidr;
export const secretArn = store.secret.arn;
export const password = pulumi.secret("hunter2");
