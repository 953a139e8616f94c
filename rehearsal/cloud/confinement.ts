import { confineModules } from "./lambda/runtime/packages";

/**
 * Source of a program that confines the modules of a folder to each other and to Node's own.
 * @param root an absolute path
 * @param place what the folder represents, as in "it is not in the image"
 */
export const confinementSource = (root: string, place: string): string =>
  `(${confineModules})(${JSON.stringify(root)}, () => (${JSON.stringify({ reason: `it is not in ${place}` })}));\n`;

/**
 * NODE_OPTIONS that load a file first in every Node.js process and its children.
 * @param declared NODE_OPTIONS set by the user
 */
export const loadingFirst = (file: string, declared: string | undefined): string =>
  `--require ${JSON.stringify(file)}${declared === undefined ? "" : ` ${declared}`}`;
