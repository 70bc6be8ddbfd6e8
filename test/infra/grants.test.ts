import { expect, test } from 'vitest';
import { expression, INFRA, readResources, readTexts } from './hcl.ts';

test('nothing is public, and grants are added one by one, never replacing those of others', async () => {
  // Without the lines that tell why it is so.
  const code = readTexts(INFRA).replaceAll(/^\s*#.*$/gm, '');
  expect(code).not.toMatch(/allUsers|allAuthenticatedUsers/);
  const types = (await readResources()).map(({ type }) => type);
  expect(types.filter((type) => /_iam_(binding|policy)$/.test(type))).toEqual([]);
});

test('only these roles are granted, and each where it is needed', async () => {
  const grants = (await readResources())
    .filter(({ type }) => type.endsWith('_iam_member'))
    .map(({ type, name, body }) => `${type}.${name}: ${body.role}`);
  expect(grants.sort()).toEqual([
    'google_artifact_registry_repository_iam_member.build: roles/artifactregistry.writer',
    `google_bigquery_dataset_iam_member.runtime: ${expression('google_project_iam_custom_role.appender.id')}`,
    `google_cloud_run_v2_service_iam_member.invokers: ${expression('each.value.role')}`,
    'google_cloud_run_v2_service_iam_member.scheduler: roles/run.invoker',
    'google_cloud_tasks_queue_iam_member.runtime: roles/cloudtasks.enqueuer',
    'google_project_iam_member.build_logs: roles/logging.logWriter',
    'google_project_iam_member.build_source: roles/storage.objectViewer',
    'google_project_iam_member.runtime_jobs: roles/bigquery.jobUser',
    'google_pubsub_topic_iam_member.runtime: roles/pubsub.publisher',
    'google_secret_manager_secret_iam_member.runtime: roles/secretmanager.secretAccessor',
    'google_service_account_iam_member.runtime: roles/iam.serviceAccountUser',
  ]);
});
