import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from '@cdktn/hcl2json';
import { afterAll, describe, expect, test } from 'vitest';
import { blocksIn } from './markdown.ts';
import { namesInTerraform } from './terraform.ts';

const WALKTHROUGHS = ['docs/cloudshell.md', 'docs/cloudshell.pt-BR.md'];

/** What stands in for the programs of Cloud Shell: each says how it was called. */
const programs = (terraformVersion: string): Record<string, string> => ({
  curl: '',
  gcloud: 'case "$*" in *account) echo ana@example.com ;; *project) echo my-project ;; esac',
  git: 'mkdir -p "$HOME/kondado-log-sync/infra"',
  terraform: `case "$*" in version) echo 'Terraform v${terraformVersion}' ;; *-raw*) echo "echo pasted $4" ;; esac`,
  unzip: 'cp "$HOME/newer-terraform" "$HOME/bin/terraform"',
});

// Cloud Shell is Linux.
describe.skipIf(process.platform === 'win32').each(WALKTHROUGHS)(
  '%s, pasted from the first block to the last',
  (walkthrough) => {
    const blocks = blocksIn('sh').filter(({ path }) => path === walkthrough);
    const home = mkdtempSync(join(tmpdir(), 'kondado-cloudshell-'));
    afterAll(() => rmSync(home, { recursive: true, force: true }));

    /** What is printed on a computer that has this Terraform. */
    function paste(terraformVersion: string): { printed: string; calls: string } {
      rmSync(home, { recursive: true, force: true });
      mkdirSync(join(home, 'programs'), { recursive: true });
      const calls = join(home, 'calls');
      const write = (file: string, name: string, text: string) => {
        writeFileSync(file, `#!/bin/sh\necho "${name} $*" >>"${calls}"\n${text}\n`);
        chmodSync(file, 0o755);
      };
      for (const [name, text] of Object.entries(programs(terraformVersion)))
        write(join(home, 'programs', name), name, text);
      write(join(home, 'newer-terraform'), 'newer terraform', programs('1.11.4').terraform ?? '');
      const printed = execFileSync('bash', ['-euo', 'pipefail'], {
        input: blocks.map(({ text }) => text).join('\n'),
        env: { HOME: home, PATH: `${home}/programs:/usr/bin:/bin` },
        encoding: 'utf8',
      });
      return { printed, calls: readFileSync(calls, 'utf8') };
    }

    test('it installs Terraform where it is too old, and only there', () => {
      expect(paste('1.5.7').printed).toContain('Terraform v1.11.4');
      expect(paste('1.5.7').calls).toMatch(/^newer terraform -chdir=infra apply$/m);
      const newer = paste('1.14.0');
      expect(newer.printed).toContain('Terraform v1.14.0');
      expect(newer.calls).not.toMatch(/curl|unzip|newer terraform/);
    });

    test('it goes through apply, credentials, check and the first run, in this order', () => {
      const { printed, calls } = paste('1.14.0');
      const steps = [...printed.matchAll(/^pasted (\w+)$/gm)].map(([, name]) => name);
      expect(steps).toEqual(['add_credentials', 'check', 'run_now', 'read_logs', 'query']);
      expect(calls.indexOf(' apply')).toBeLessThan(calls.indexOf('add_credentials'));
    });

    test('the settings that it writes are variables, with the project and the address of who is signed in', async () => {
      paste('1.14.0');
      const file = join(home, 'kondado-log-sync/infra/terraform.tfvars');
      const settings = (await parse('terraform.tfvars', readFileSync(file, 'utf8'))) as Record<
        string,
        unknown
      >;
      expect(await namesInTerraform('variable')).toEqual(expect.arrayContaining(Object.keys(settings)));
      expect(settings).toMatchObject({
        project_id: 'my-project',
        alert_emails: ['ana@example.com'],
        invokers: ['user:ana@example.com'],
      });
    });
  },
);
