import module from "node:module";

/**
 * Why this Node.js cannot run the rehearsal; undefined if it can. `module.registerHooks`, available since Node.js
 * 22.15, confines functions to their packages.
 */
export const unfitNode = (has: object = module, version: string = process.version): string | undefined =>
  "registerHooks" in has
    ? undefined
    : `Node.js ${version} is too old: run npm ci, then npm start, npm test or npx mocha, which use the project's own Node.js 24.`;
