import type { Readable } from "node:stream";
import type * as sdk from "@aws-sdk/client-s3";
import type { Body } from "./body";

// The SDK's shapes, with bodies as the server sees them.
type Input<I> = Omit<I, "Body"> & { Body?: Body };
type Output<O> = Omit<O, "$metadata" | "Body">;

export type HeadBucketInput = sdk.HeadBucketCommandInput;
export type HeadBucketOutput = Output<sdk.HeadBucketCommandOutput>;
export type GetBucketVersioningInput = sdk.GetBucketVersioningCommandInput;
export type GetBucketVersioningOutput = Output<sdk.GetBucketVersioningCommandOutput>;
export type GetBucketAclInput = sdk.GetBucketAclCommandInput;
export type GetBucketAclOutput = Output<sdk.GetBucketAclCommandOutput>;
export type GetBucketLocationInput = sdk.GetBucketLocationCommandInput;
export type GetBucketLocationOutput = Output<sdk.GetBucketLocationCommandOutput>;
export type HeadObjectInput = sdk.HeadObjectCommandInput;
export type HeadObjectOutput = Output<sdk.HeadObjectCommandOutput>;
export type GetObjectInput = sdk.GetObjectCommandInput;
export type GetObjectOutput = Output<sdk.GetObjectCommandOutput> & { Body: Readable };
export type PutObjectInput = Input<sdk.PutObjectCommandInput>;
export type PutObjectOutput = Output<sdk.PutObjectCommandOutput>;
export type CreateMultipartUploadInput = sdk.CreateMultipartUploadCommandInput;
export type CreateMultipartUploadOutput = Output<sdk.CreateMultipartUploadCommandOutput>;
export type UploadPartInput = Input<sdk.UploadPartCommandInput>;
export type UploadPartOutput = Output<sdk.UploadPartCommandOutput>;
export type CompleteMultipartUploadInput = sdk.CompleteMultipartUploadCommandInput;
export type CompleteMultipartUploadOutput = Output<sdk.CompleteMultipartUploadCommandOutput>;
export type AbortMultipartUploadInput = sdk.AbortMultipartUploadCommandInput;
export type AbortMultipartUploadOutput = Output<sdk.AbortMultipartUploadCommandOutput>;
