import { INFRA, readFolder } from '../infra/hcl.ts';

/** The names of all variables, or of all outputs, of `infra/`. */
export async function namesInTerraform(kind: 'variable' | 'output'): Promise<string[]> {
  const files = Object.values(await readFolder(INFRA));
  return files.flatMap((file) => Object.keys(file[kind] ?? {}));
}
