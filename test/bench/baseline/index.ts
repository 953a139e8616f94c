import * as aws from "@pulumi/aws";
import * as awsx from "@pulumi/awsx";
import * as pulumi from "@pulumi/pulumi";

// What every program pays that uses these packages: awsx is loaded, though nothing is made of it.
export const packages = [typeof awsx.ec2.Vpc, typeof pulumi.output];
export const bucket = new aws.s3.Bucket("only").id;
