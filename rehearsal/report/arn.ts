/** An ARN without partition, service, region and account: `task/main/0123`, `role/storefront-tag-0a1b2c3`. */
export const resourceOf = (arn: string): string => /^arn:[^:]*:[^:]*:[^:]*:[^:]*:(.+)$/.exec(arn)?.[1] ?? arn;

/** Shortens every ARN in a text to its resource. */
export const withoutArns = (text: string): string => text.replace(/\barn:[\w-]+:[\w-]+:[\w-]*:\d*:(?=[\w*])/g, "");
