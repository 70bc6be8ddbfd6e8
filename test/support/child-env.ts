const { PATH, NODE_COMPILE_CACHE } = process.env;

/** All that a child process gets of our environment: no variable of a developer may change what a test sees. */
export const CHILD_ENV: Readonly<Record<string, string>> = {
  ...(PATH === undefined ? {} : { PATH }),
  ...(NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE }),
};
