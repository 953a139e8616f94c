/** What an ARN names, without partition, service, region and account: `task/main/0123`, `role/storefront-tag-0a1b2c3`. */
export const resourceOf = (arn: string): string => /^arn:[^:]*:[^:]*:[^:]*:[^:]*:(.+)$/.exec(arn)?.[1] ?? arn;

/** A text in which every ARN is cut to what it names. */
export const withoutArns = (text: string): string => text.replace(/\barn:[\w-]+:[\w-]+:[\w-]*:\d*:(?=[\w*])/g, "");
