import { ROOT, readFolder } from '../infra/hcl.ts';

/** The names of all variables, or of all outputs, of a folder. */
export async function namesInTerraform(kind: 'variable' | 'output', folder = 'infra'): Promise<string[]> {
  const files = Object.values(await readFolder(new URL(`${folder}/`, ROOT)));
  return files.flatMap((file) => Object.keys(file[kind] ?? {}));
}
