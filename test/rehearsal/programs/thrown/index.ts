import * as pulumi from "@pulumi/pulumi";

throw new pulumi.RunError("slipway:network.cidr: 10.20.0.0/99 is not a CIDR block");
