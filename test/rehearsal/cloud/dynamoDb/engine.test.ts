import { expect } from "chai";
import { startEngine } from "../../../../rehearsal/cloud/dynamoDb/engine";

describe("DynamoDB's engine", () => {
  const realFetch = globalThis.fetch;
  afterEach(() => {
    globalThis.fetch = realFetch;
  });

  it("lets no web page call it, though dynalite allows every origin", async () => {
    const engine = await startEngine();
    let address = "";
    globalThis.fetch = (url, init) => {
      address = String(url);
      return realFetch(url, init);
    };
    expect(await engine.request("ListTables", {})).to.deep.equal({ TableNames: [] });
    const preflight = { origin: "https://evil.example", "access-control-request-method": "POST" };
    const refused = await realFetch(address, { method: "OPTIONS", headers: preflight });
    expect([refused.status, refused.headers.get("access-control-allow-origin")]).to.deep.equal([403, null]);
    await engine.close();
  });
});
