/**
 * Removes the query from every URL in a text.
 *
 * Kondado takes key and token as query parameters, so a URL with its query is a secret.
 */
export function withoutQueries(text: string): string {
  return text.replaceAll(/(https?:\/\/[^\s?"'<>]*)\?[^\s"'<>]*/gi, '$1');
}

/** Makes a function that puts stars in the place of secrets, in any spelling in which they may stand in a text. */
export function createSecretRemover(secrets: readonly string[]): (text: string) => string {
  const spellings = secrets
    .filter((secret) => secret !== '')
    .flatMap((secret) => [
      secret,
      encodeURIComponent(secret),
      new URLSearchParams({ '': secret }).toString().slice(1),
      JSON.stringify(secret).slice(1, -1),
      secret.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;'),
      Buffer.from(secret).toString('base64').replace(/=+$/, ''),
      Buffer.from(secret).toString('base64url'),
      Buffer.from(secret).toString('hex'),
    ]);
  const longestFirst = [...new Set(spellings)].sort((one, other) => other.length - one.length);
  if (longestFirst.length === 0) return (text) => text;
  const pattern = new RegExp(longestFirst.map((spelling) => RegExp.escape(spelling)).join('|'), 'gi');
  return (text) => text.replaceAll(pattern, '***');
}

/**
 * Makes a function that prepares a text from outside for logs, answers and tables: no secret, no query of a URL, one line
 * of at most 300 characters.
 */
export function createRedactor(secrets: readonly string[]): (text: string) => string {
  const removeSecrets = createSecretRemover(secrets);
  return (text) => {
    const line = withoutQueries(removeSecrets(text))
      .replaceAll(/[\s\p{Cc}]+/gu, ' ')
      .trim();
    return line.length > 300 ? `${line.slice(0, 299)}…` : line;
  };
}
