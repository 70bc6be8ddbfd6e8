import { execFile } from 'node:child_process';
import { chmodSync, cpSync, globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startProvider } from './provider.ts';
import { PROVIDERS, type ProviderName } from './schemas.ts';

const REPOSITORY = new URL('../../../', import.meta.url);

/** What Terraform reads. Not what belongs to somebody's own installation, and no lock file: it has the real providers' checksums. */
const COPIED = ['functions', 'infra', 'package-lock.json', 'package.json'];
const LEFT_OUT = /[\\/](?:\.terraform(?:\.lock\.hcl)?|[^\\/]+\.tfvars|[^\\/]+\.tfstate[^\\/]*|backend\.tf)$/;

export interface Terraform {
  /** A copy of the repository, as far as Terraform reads it. */
  repository: string;
  /** A new folder with these files. */
  createFolder(files: Record<string, string>): string;
  /** What Terraform printed, whether it succeeded or failed. */
  run(folder: string, ...words: string[]): Promise<{ succeeded: boolean; output: string }>;
  stop(): void;
}

/** The real Terraform with stand-ins for its providers: no network, no account, nothing of the caller's own setup. */
export async function startTerraform(): Promise<Terraform> {
  const work = mkdtempSync(join(tmpdir(), 'kondado-terraform-'));
  const repository = join(work, 'repository');
  for (const name of COPIED)
    cpSync(fileURLToPath(new URL(name, REPOSITORY)), join(repository, name), {
      recursive: true,
      filter: (source) => !LEFT_OUT.test(source),
    });

  // Terraform hashes the whole archive many times a plan, and of these files only the names are asked for: so they are empty.
  for (const file of globSync(['functions/**/*.ts', 'package-lock.json'], { cwd: repository }))
    writeFileSync(join(repository, file), '');

  const names = Object.keys(PROVIDERS) as ProviderName[];
  const providers = await Promise.all(names.map(startProvider));
  const attached = Object.fromEntries(
    names.map((name, index) => [
      `registry.terraform.io/hashicorp/${name}`,
      {
        Protocol: 'grpc',
        ProtocolVersion: 5,
        Pid: process.pid,
        Test: true, // else Terraform would end this process
        Addr: { Network: 'tcp', String: providers[index]?.address },
      },
    ]),
  );

  const settings = join(work, 'terraform.rc');
  const { HOME, PATH, TMPDIR } = process.env;
  const environment = {
    ...{ HOME, PATH, TMPDIR },
    CHECKPOINT_DISABLE: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    TF_CLI_CONFIG_FILE: settings,
    TF_IN_AUTOMATION: '1',
  };

  const run: Terraform['run'] = async (folder, ...words) => {
    // Not for init, which would not compare versions with required_providers.
    const env =
      words[0] === 'init' ? environment : { ...environment, TF_REATTACH_PROVIDERS: JSON.stringify(attached) };
    const options = { cwd: folder, env, maxBuffer: 64 * 1024 * 1024 };
    try {
      const { stdout, stderr } = await promisify(execFile)('terraform', words, options);
      return { succeeded: true, output: stdout + stderr };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: unknown; stdout: string; stderr: string };
      if (typeof code !== 'number') throw error; // it did not even start
      return { succeeded: false, output: stdout + stderr };
    }
  };

  // Terraform finds the versions by the names of files. It never starts them, because it is attached to the stand-ins.
  const mirror = join(work, 'providers');
  writeFileSync(
    settings,
    `provider_installation {\n  filesystem_mirror { path = ${JSON.stringify(mirror)} }\n}\n`,
  );
  const { platform } = JSON.parse((await run(work, 'version', '-json')).output);
  for (const name of names) {
    const version = PROVIDERS[name];
    const folder = join(mirror, 'registry.terraform.io/hashicorp', name, version, platform);
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `terraform-provider-${name}_v${version}`);
    writeFileSync(file, '');
    chmodSync(file, 0o755);
  }

  return {
    repository,
    createFolder(files) {
      const folder = mkdtempSync(join(work, 'root-'));
      for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
      return folder;
    },
    run,
    stop() {
      for (const provider of providers) provider.stop();
      rmSync(work, { recursive: true, force: true });
    },
  };
}
