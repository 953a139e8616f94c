import { confineModules } from "./lambda/runtime/packages";

/**
 * The text of a program that confines the modules of a folder to each other and to Node's own.
 * @param root an absolute path
 * @param place what the folder stands for, as in "it is not in the image"
 */
export const confinementSource = (root: string, place: string): string =>
  `(${confineModules})(${JSON.stringify(root)}, () => (${JSON.stringify({ reason: `it is not in ${place}` })}));\n`;

/**
 * The NODE_OPTIONS with which a file is loaded first in every Node.js process, and in those that it starts.
 * @param declared NODE_OPTIONS that the user has set
 */
export const loadingFirst = (file: string, declared: string | undefined): string =>
  `--require ${JSON.stringify(file)}${declared === undefined ? "" : ` ${declared}`}`;
