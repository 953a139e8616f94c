import { expect } from "chai";
import { userData } from "../../infra/network/natInstance/userData";
import { shellcheck } from "../shellcheck";
import { createInstance, OPTIONS } from "./standIns";

describe("the NAT instance's user data", () => {
  it("is clean to ShellCheck, which knows a mistake when it sees one", () => {
    const text = userData({ ...OPTIONS, bootHook: "#!/bin/bash\nset -euo pipefail\nip link add wg0 type wireguard\n" });
    expect(shellcheck(text, "bash")).to.deep.equal([]);
    const line = text.split("\n").length;
    expect(shellcheck(`${text}rm $1\n`, "bash")).to.deep.equal([
      { code: 2086, line, message: "Double quote to prevent globbing and word splitting." },
    ]);
  });

  it("keeps the boot hook as it is, whatever is in it", () => {
    const hooks = [
      "#!/bin/sh\necho \"$HOME\" '$(date)' `id` \\\n",
      "cat <<END_OF_BOOT_HOOK\nEND_OF_BOOT_HOOK\nEND_OF_BOOT_HOOK_\n",
      "no line end",
    ];
    for (const bootHook of hooks) {
      const instance = createInstance({ bootHook });
      expect(instance.call("boot_hook").replace(/\n$/, "")).to.equal(bootHook.replace(/\n$/, ""));
      instance.remove();
    }
  });

  it("leaves a URL's characters alone", () => {
    const probe = "https://git.acme.example/it's?a=$b";
    const [, , , , , , line] = userData({ ...OPTIONS, probe }).split("\n");
    expect(line).to.equal("PROBE='https://git.acme.example/it'\\''s?a=$b'");
  });

  it("has to fit into what EC2 takes", () => {
    const own = Buffer.byteLength(userData({ ...OPTIONS, bootHook: "#\n" })) - 2;
    const hook = (bytes: number) => `${"#".repeat(bytes - 1)}\n`;
    const room = 16384 - own;
    expect(Buffer.byteLength(userData({ ...OPTIONS, bootHook: hook(room) }))).to.equal(16384);
    expect(() => userData({ ...OPTIONS, bootHook: hook(room + 1) })).to.throw(
      `slipway:network: natInstance.bootHook has ${room + 1} bytes and the instance's own script ${own}; EC2 allows 16384 bytes of user data. Have the boot hook download the rest, for example from S3`,
    );
  });
});
