import { execFile } from 'node:child_process';
import { chmodSync, cpSync, globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startProvider } from './provider.ts';
import { PROVIDERS, type ProviderName } from './schemas.ts';

export interface Terraform {
  /** A copy of the repository, as far as Terraform reads it. */
  repository: string;
  /** Creates a folder with these files. */
  createFolder(files: Record<string, string>): string;
  /** What Terraform printed, whether it succeeded or failed. */
  run(folder: string, ...words: string[]): Promise<{ succeeded: boolean; output: string }>;
  /** What Terraform printed; throws it if Terraform failed. */
  succeed(folder: string, ...words: string[]): Promise<string>;
  stop(): void;
}

const NAMES = Object.keys(PROVIDERS) as ProviderName[];

/** The real Terraform with stand-ins for its providers: no network, no account, nothing of the caller's own setup. */
export async function startTerraform(): Promise<Terraform> {
  const work = mkdtempSync(join(tmpdir(), 'kondado-terraform-'));
  const repository = join(work, 'repository');
  copyRepository(repository);
  const mirror = join(work, 'providers');
  const settings = join(work, 'terraform.rc');
  writeFileSync(
    settings,
    `provider_installation {\n  filesystem_mirror { path = ${JSON.stringify(mirror)} }\n}\n`,
  );

  const { HOME, PATH, TMPDIR } = process.env;
  const environment = {
    ...{ HOME, PATH, TMPDIR },
    CHECKPOINT_DISABLE: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    TF_CLI_CONFIG_FILE: settings,
    TF_IN_AUTOMATION: '1',
    TF_INPUT: '0',
  };
  const providers = await Promise.all(NAMES.map(startProvider));
  const attached = attach(providers.map(({ address }) => address));

  const run: Terraform['run'] = async (folder, ...words) => {
    // Not for init, which would not compare versions with required_providers.
    const env = words[0] === 'init' ? environment : { ...environment, TF_REATTACH_PROVIDERS: attached };
    try {
      const { stdout, stderr } = await promisify(execFile)('terraform', words, {
        cwd: folder,
        env,
        maxBuffer: 64 * 1024 * 1024,
      });
      return { succeeded: true, output: stdout + stderr };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: unknown; stdout: string; stderr: string };
      if (typeof code !== 'number') throw error; // it did not even start
      return { succeeded: false, output: stdout + stderr };
    }
  };
  const succeed: Terraform['succeed'] = async (folder, ...words) => {
    const { succeeded, output } = await run(folder, ...words);
    if (!succeeded) throw new Error(`terraform ${words.join(' ')}\n${output}`);
    return output;
  };

  fillMirror(mirror, JSON.parse(await succeed(work, 'version', '-json')).platform);
  return {
    repository,
    createFolder(files) {
      const folder = mkdtempSync(join(work, 'root-'));
      for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
      return folder;
    },
    run,
    succeed,
    stop() {
      for (const provider of providers) provider.stop();
      rmSync(work, { recursive: true, force: true });
    },
  };
}

const ROOT = new URL('../../../', import.meta.url);
const COPIED = ['examples', 'functions', 'infra', 'package-lock.json', 'package.json'];
/** What belongs to somebody's own installation; the lock file has the checksums of the real providers. */
const LEFT_OUT = /[\\/](?:\.terraform(?:\.lock\.hcl)?|[^\\/]+\.tfvars|[^\\/]+\.tfstate[^\\/]*|backend\.tf)$/;

function copyRepository(folder: string) {
  const filter = (source: string) => !LEFT_OUT.test(source);
  for (const name of COPIED)
    cpSync(fileURLToPath(new URL(name, ROOT)), join(folder, name), { recursive: true, filter });
  // Terraform hashes the whole archive again and again, and only the names of these files are asked for: so they are empty.
  for (const file of globSync(['functions/**/*.ts', 'package-lock.json'], { cwd: folder }))
    writeFileSync(join(folder, file), '');
}

/** What tells Terraform to talk to these servers, instead of starting providers. */
function attach(addresses: string[]): string {
  const server = (address: string | undefined) => ({
    Protocol: 'grpc',
    ProtocolVersion: 5,
    Pid: process.pid,
    Test: true, // else Terraform would end this process
    Addr: { Network: 'tcp', String: address },
  });
  return JSON.stringify(
    Object.fromEntries(
      NAMES.map((name, index) => [`registry.terraform.io/hashicorp/${name}`, server(addresses[index])]),
    ),
  );
}

/** Puts an empty file where init looks for each provider: it reads the versions from the names, and starts none. */
function fillMirror(mirror: string, platform: string) {
  for (const name of NAMES) {
    const version = PROVIDERS[name];
    const folder = join(mirror, 'registry.terraform.io/hashicorp', name, version, platform);
    const file = join(folder, `terraform-provider-${name}_v${version}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, '');
    chmodSync(file, 0o755);
  }
}
