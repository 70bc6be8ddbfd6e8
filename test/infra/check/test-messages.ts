/** What `terraform test -json` prints, one a line, as far as it is read here. */
export interface TestMessage {
  '@testrun'?: string;
  test_run?: { run: string; status?: string };
  test_plan?: {
    resource_changes: {
      address: string;
      type: string;
      change: { actions: string[]; after: Record<string, unknown> };
    }[];
  };
  diagnostic?: { summary: string; detail: string };
}

export function readMessages(output: string): TestMessage[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as TestMessage);
}
