import { enableCompileCache } from "node:module";
import path from "node:path";

// Imported before all others: V8 compiles 1,500 modules for each evaluation, a tenth of its time. Node.js 20 has no such cache.
enableCompileCache?.(path.join(__dirname, "../node_modules/.cache/v8"));
