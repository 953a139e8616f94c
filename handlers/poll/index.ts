import { S3Client } from "@aws-sdk/client-s3";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SQSClient } from "@aws-sdk/client-sqs";
import { headOf } from "../fetch/head";
import { clientSettings, queueClientSettings } from "../shared/clientSettings";
import { explain, failure } from "../shared/failure";
import { accessOf, createForgeTokens, type ForgeAccessOptions, type ForgeTokens } from "../shared/forgeAccess";
import { log } from "../shared/log";
import { sendMessage } from "../shared/message";
import {
  decideHead,
  enqueuedAfter,
  type HeadVerdict,
  type PolledRepository,
  type PolledSource,
  repositoriesOf,
} from "./decision";
import { headsOf } from "./remote";
import { type EnqueuedHeads, headKey, readState, writeState } from "./state";

export interface PollOptions {
  /** The bucket of the archives and the state. */
  bucket: string;
  /** The object that stores the state between polls. */
  key: string;
  /** The FIFO queue of pushes. */
  queueUrl: string;
  forges: ForgeAccessOptions;
  sources: PolledSource[];
}

/** Called on a schedule. Ignores the event. */
export type PollHandler = () => Promise<void>;

interface Poll {
  options: PollOptions;
  s3: S3Client;
  queue: SQSClient;
  tokens: ForgeTokens;
  state: EnqueuedHeads;
}

/** The result for one repository. */
interface Outcome {
  enqueued: EnqueuedHeads;
  failures: string[];
}

/**
 * Compares the head of each tracked branch with the latest archive, and enqueues the heads that are not delivered yet.
 * Where webhooks cannot be received, this is how pushes are found. Otherwise it finds the ones that webhooks missed: a
 * request was throttled or rejected, or the forge never sent it.
 *
 * One object in the bucket stores what was enqueued, so that a head is enqueued only once, even while it waits or after
 * it has failed. A push may be enqueued twice, by a webhook or a concurrent poll: fetch delivers it once.
 *
 * @throws Failure that names every repository that could not be polled, after all others were handled
 *
 * Needs:
 * - s3:GetObject on the archives, and s3:GetObject and s3:PutObject on the state
 * - s3:ListBucket on the bucket: without it S3 answers 403, not 404, while an object is missing
 * - sqs:SendMessage on the queue
 * - secretsmanager:GetSecretValue on the forges' tokens
 */
export function createPoll(options: PollOptions): PollHandler {
  const s3 = new S3Client(clientSettings(3, 5));
  const queue = new SQSClient(queueClientSettings(3, 5));
  const tokens = createForgeTokens(new SecretsManagerClient(clientSettings(3, 5)), options.forges);
  return async () => {
    const state = await readState(s3, options);
    const repositories = repositoriesOf(options.sources);
    const outcomes = await Promise.all(repositories.map((it) => serve({ options, s3, queue, tokens, state }, it)));
    const failures = outcomes.flatMap((outcome) => outcome.failures);
    const enqueued: EnqueuedHeads = Object.assign({}, ...outcomes.map((outcome) => outcome.enqueued));
    const next = enqueuedAfter(options.sources, state, enqueued);
    if (JSON.stringify(next) !== JSON.stringify(state)) {
      await writeState(s3, options, next).catch((error: unknown) => {
        failures.push(explain(error));
      });
    }
    if (failures.length > 0) {
      throw failure("JobFailed", failures.join("\n"));
    }
  };
}

/** Milliseconds for all requests to one repository. */
const PATIENCE = 20_000;

async function serve(poll: Poll, { forge, repository, sources }: PolledRepository): Promise<Outcome> {
  const outcome: Outcome = { enqueued: {}, failures: [] };
  try {
    const { url } = accessOf(poll.options.forges, forge);
    const branches = sources.map((source) => source.branch);
    // The time of the query, not of enqueueing: of two concurrent polls, fetch delivers the later result.
    const seenAt = new Date().toISOString();
    const heads = await headsOf({ forge, url, repository }, branches, poll.tokens, AbortSignal.timeout(PATIENCE));
    for (const source of sources) {
      const archive = await headOf(poll.s3, poll.options.bucket, source.key);
      const verdict = decideHead(source, heads.get(source.branch), archive, poll.state);
      await act(poll, source, verdict, { seenAt, over: archive?.versionId }, outcome);
    }
  } catch (error) {
    outcome.failures.push(`${repository} at ${forge} cannot be polled: ${explain(error)}`);
  }
  return outcome;
}

async function act(
  poll: Poll,
  source: PolledSource,
  verdict: HeadVerdict,
  { seenAt, over }: { seenAt: string; over: string | undefined },
  outcome: Outcome,
): Promise<void> {
  const { forge, repository, branch, application } = source;
  const where = `branch ${branch} of ${repository} at ${forge}`;
  switch (verdict.kind) {
    case "delivered":
    case "waiting":
      return;
    case "gone":
      log("warn", "poll found no branch", { forge, repository, branch, application });
      return;
    case "unsupported":
      outcome.failures.push(`the head of ${where} is a SHA-256 commit: only SHA-1 repositories are supported`);
      return;
    case "missed": {
      const { kind: _, ...missed } = verdict;
      const { commit, delivery } = missed;
      try {
        const message = { forge, repository, branch, ...missed, pushedAt: seenAt, application };
        await sendMessage(poll.queue, poll.options.queueUrl, message);
        outcome.enqueued[headKey(source)] = { commit, ...(over !== undefined && { over }) };
        log("info", "poll enqueued", { forge, repository, branch, application, commit, delivery });
      } catch (error) {
        outcome.failures.push(`${where} could not be enqueued for ${application}: ${explain(error)}`);
      }
    }
  }
}
