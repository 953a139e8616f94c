import { S3Client } from "@aws-sdk/client-s3";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SQSClient } from "@aws-sdk/client-sqs";
import { clientSettings, queueClientSettings } from "./clientSettings";
import { explain, failure } from "./failure";
import type { TrackedBranch } from "./forge";
import { accessOf, createForgeTokens, type ForgeAccessOptions, type ForgeTokens } from "./forgeAccess";
import { log } from "./log";
import { type PushMessage, sendMessage } from "./message";
import { decideHeads, type HeadVerdict, headsAfter, type PolledRepository, repositoriesOf } from "./poll/decision";
import { headsOf } from "./poll/remote";
import { headKey, type PolledHeads, type PollState, readState, writeState } from "./poll/state";

export interface PollOptions {
  /** A versioned bucket. */
  bucket: string;
  /** The object that keeps the state from one poll to the next. */
  key: string;
  /** The FIFO queue for {@link PushMessage}s. */
  queueUrl: string;
  forges: ForgeAccessOptions;
  sources: TrackedBranch[];
}

/** Called on a schedule: no event is looked at. */
export type PollHandler = () => Promise<void>;

interface Poll {
  options: PollOptions;
  queue: SQSClient;
  tokens: ForgeTokens;
  state: PollState;
}

/** What came of one repository. */
interface Outcome {
  enqueued: PolledHeads;
  failures: string[];
}

/**
 * Asks each tracked branch's head, and enqueues for those that have moved, or are seen for the first time, the
 * {@link PushMessage} that a webhook would have. What was enqueued is remembered in one object of a bucket.
 *
 * Two polls at once are harmless: both enqueue under the same deduplication id, see poll/decision.ts; where one overwrites the
 * other's state, the next poll enqueues a commit that fetch finds in place.
 *
 * @throws Failure that names every repository that could not be asked, after all the others were served
 *
 * Needs:
 * - s3:GetObject and s3:PutObject on the object
 * - s3:ListBucket on the bucket: without it S3 answers 403, not 404, before the first poll
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
    const outcomes = await Promise.all(repositories.map((it) => serve({ options, queue, tokens, state }, it)));
    const failures = outcomes.flatMap((outcome) => outcome.failures);
    const enqueued: PolledHeads = Object.assign({}, ...outcomes.map((outcome) => outcome.enqueued));
    const heads = headsAfter(options.sources, state.heads, enqueued);
    // Written at once without a branch that is tracked no more: tracked again, by a new pipeline, it is seen for the first time.
    if (JSON.stringify(heads) !== JSON.stringify(state.heads)) {
      await writeState(s3, options, heads).catch((error: unknown) => {
        failures.push(explain(error));
      });
    }
    if (failures.length > 0) {
      throw failure("JobFailed", failures.join("\n"));
    }
  };
}

async function serve(poll: Poll, { forge, repository, sources }: PolledRepository): Promise<Outcome> {
  const outcome: Outcome = { enqueued: {}, failures: [] };
  try {
    const { url } = accessOf(poll.options.forges, forge);
    const branches = sources.map((source) => source.branch);
    const heads = await headsOf({ forge, url, repository }, branches, poll.tokens);
    // When the heads were read, not when they are enqueued: of two polls at once, fetch delivers what was seen last.
    const seenAt = new Date().toISOString();
    for (const verdict of decideHeads(sources, poll.state, heads)) {
      await act(poll, verdict, seenAt, outcome);
    }
  } catch (error) {
    outcome.failures.push(`${repository} at ${forge} cannot be polled: ${explain(error)}`);
  }
  return outcome;
}

async function act(poll: Poll, verdict: HeadVerdict, seenAt: string, outcome: Outcome): Promise<void> {
  const { forge, repository, branch, application } = verdict.source;
  const where = `branch ${branch} of ${repository} at ${forge}`;
  switch (verdict.kind) {
    case "unchanged":
      return;
    case "gone":
      log("warn", "poll found no branch", { forge, repository, branch, application });
      return;
    case "unsupported":
      outcome.failures.push(`${where} is at a commit with a SHA-256 name: only SHA-1 repositories can be delivered`);
      return;
    case "moved": {
      const { commit, delivery } = verdict;
      const message = { forge, repository, branch, commit, delivery, pushedAt: seenAt, application };
      try {
        await sendMessage(poll.queue, poll.options.queueUrl, message);
        outcome.enqueued[headKey(verdict.source)] = commit;
        log("info", "poll enqueued", { forge, repository, branch, application, commit, delivery });
      } catch (error) {
        outcome.failures.push(`${where} could not be enqueued for ${application}: ${explain(error)}`);
      }
    }
  }
}
