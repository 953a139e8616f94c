import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { createLocalServer } from "../loopback";
import { type ChatKind, type Robot, robots, type WebhookAnswer } from "./robots";

/** How a chat can fail its senders: nothing listens, it has an internal error, or it received too many messages. */
export type Outage = "refused" | "error" | "limited";

/** A message as displayed. */
export interface Post {
  kind: ChatKind;
  text: string;
}

/** The external chats, each with one incoming webhook. */
export interface Chats {
  /** Every accepted message, in order. */
  readonly posts: readonly Post[];
  /** The webhook's address (a secret). */
  webhook(kind: ChatKind): string;
  /** Makes a chat fail, or restores it if no outage is given. */
  down(kind: ChatKind, outage?: Outage): Promise<void>;
  close(): Promise<void>;
}

interface Chat {
  kind: ChatKind;
  robot: Robot;
  outage?: Outage;
  server: Server;
}

/**
 * Simulates Slack, Teams, Feishu, DingTalk and WeCom, under their own names.
 * @param options.addresses the account's, where the names are added
 */
export async function startChats({ addresses }: { addresses: Map<string, string> }): Promise<Chats> {
  const posts: Post[] = [];
  const chats = new Map<ChatKind, Chat>();

  async function open(chat: Chat): Promise<void> {
    await new Promise<void>((resolve) => chat.server.listen(0, "127.0.0.1", resolve));
    const { port } = chat.server.address() as AddressInfo;
    addresses.set(chat.robot.host, `http://127.0.0.1:${port}`);
  }

  function start(kind: ChatKind, robot: Robot): Promise<void> {
    const server = createLocalServer({ hasName: (host) => host === robot.host }, (request, response) => {
      serve(chat, posts, request, response).catch((error: Error) => response.destroy(error));
    });
    const chat: Chat = { kind, robot, server };
    chats.set(kind, chat);
    return open(chat);
  }

  function chatOf(kind: ChatKind): Chat {
    const chat = chats.get(kind);
    if (chat === undefined) throw new Error(`There is no chat ${kind}: there are ${[...chats.keys()].join(", ")}.`);
    return chat;
  }

  for (const [kind, robot] of Object.entries(robots)) await start(kind as ChatKind, robot);
  return {
    posts,
    webhook: (kind) => `https://${chatOf(kind).robot.host}${chatOf(kind).robot.path}`,
    async down(kind, outage) {
      const chat = chatOf(kind);
      chat.outage = outage;
      if (outage === "refused") await closeServer(chat.server);
      else if (!chat.server.listening) await open(chat);
    },
    close: async () => {
      for (const { server } of chats.values()) await closeServer(server);
    },
  };
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

async function serve(chat: Chat, posts: Post[], request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { text: posted, ...answer } = await answerOf(chat, request);
  if (posted !== undefined) posts.push({ kind: chat.kind, text: posted });
  response.writeHead(answer.status, { "content-type": answer.contentType }).end(answer.body);
}

async function answerOf({ robot, outage }: Chat, request: IncomingMessage): Promise<WebhookAnswer> {
  const body = await text(request);
  const { method, url: path = "", headers } = request;
  if (outage === "error") return { status: 500, contentType: "text/html", body: "Internal Server Error" };
  if (outage === "limited") return robot.limited;
  if (headers.host !== robot.host || method !== "POST")
    return { status: 404, contentType: "text/html", body: "Not Found" };
  return robot.receive({ path, contentType: headers["content-type"] ?? "", body });
}
