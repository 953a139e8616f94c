import { expect } from "chai";
import { createClock } from "../../rehearsal/clock";

describe("the account's clock", () => {
  it("stands still at speed 0 until it is turned, and fires what falls due in order, each at its own moment", async () => {
    const clock = createClock(0, 1_000);
    const fired: [string, number][] = [];
    clock.after(30_000, () => fired.push(["late", clock.now()]));
    clock.after(10_000, () => fired.push(["early", clock.now()]));
    clock.after(90_000, () => fired.push(["never", clock.now()]));
    await clock.turn(60_000);
    expect(fired).to.deep.equal([
      ["early", 11_000],
      ["late", 31_000],
    ]);
    expect(clock.now()).to.equal(61_000);
  });

  it("fires a timer that another timer sets within the turn", async () => {
    const clock = createClock(0, 0);
    const fired: number[] = [];
    const again = () => {
      fired.push(clock.now());
      clock.after(10, again);
    };
    clock.after(10, again);
    await clock.turn(35);
    expect(fired).to.deep.equal([10, 20, 30]);
    clock.stop();
  });

  it("does not hurry for what is months away", async () => {
    const clock = createClock(1, 0);
    const warnings: string[] = [];
    const note = (warning: Error) => warnings.push(warning.name);
    process.on("warning", note);
    clock.after(60 * 24 * 60 * 60_000, () => warnings.push("fired"));
    await new Promise(setImmediate);
    process.off("warning", note);
    clock.stop();
    expect(warnings).to.deep.equal([]);
  });

  it("does not fire what was cancelled, nor anything once stopped", async () => {
    const clock = createClock(0, 0);
    const fired: string[] = [];
    clock.after(5, () => fired.push("cancelled")).cancel();
    clock.after(5, () => fired.push("fired"));
    await clock.turn(10);
    clock.after(5, () => fired.push("stopped"));
    clock.stop();
    await clock.turn(10);
    expect(fired).to.deep.equal(["fired"]);
  });

  it("runs no faster than real time while something real is under way", async () => {
    const clock = createClock(1_000_000, 0);
    let finish = (_: string) => {};
    const work = clock.during(
      new Promise<string>((resolve) => {
        finish = resolve;
      }),
    );
    const before = clock.now();
    const began = performance.now();
    await new Promise((resolve) => setImmediate(resolve));
    const simulated = clock.now() - before;
    const real = performance.now() - began;
    expect(simulated).to.be.at.most(real + 1);
    finish("done");
    expect(await work).to.equal("done");
    const after = clock.now();
    await new Promise((resolve) => setImmediate(resolve));
    expect(clock.now() - after).to.be.above(real);
    clock.stop();
  });

  it("does not jump when the machine keeps it from running", async () => {
    const clock = createClock(200, 0);
    await new Promise((resolve) => setTimeout(resolve, 1));
    const [before, began] = [clock.now(), performance.now()];
    while (performance.now() - began < 100) Math.sqrt(began);
    // Ten milliseconds at full speed, twice: the one before is not over yet. At 200 for each, it would be 20,000.
    expect(clock.now() - before).to.be.within(0, 4_000);
    clock.stop();
  });

  it("counts how long nothing real was under way", async () => {
    const clock = createClock(200, 0);
    const turn = () => new Promise((resolve) => setTimeout(resolve, 5));
    await turn();
    const idle = clock.idle();
    await clock.during(turn());
    // Between the two readings and the work there is hardly any time, and at most what counts at once.
    expect(clock.idle() - idle).to.be.within(0, 20);
    expect(idle).to.be.above(0);
    clock.stop();
  });

  it("says when nothing real is under way", async () => {
    const clock = createClock(0, 0);
    await clock.settled();
    const finished: string[] = [];
    const works = [1, 2].map((number) => {
      let finish = () => {};
      void clock.during(
        new Promise<void>((resolve) => {
          finish = resolve;
        }),
      );
      return () => {
        finished.push(`work ${number}`);
        finish();
      };
    });
    const settled = clock.settled().then(() => finished.push("settled"));
    for (const finish of works) {
      finish();
      await new Promise(setImmediate);
    }
    await settled;
    expect(finished).to.deep.equal(["work 1", "work 2", "settled"]);
  });
});
