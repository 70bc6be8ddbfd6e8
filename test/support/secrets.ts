/** Credentials with all that may be written in more than one way. */
export const KEY = 'k+/=%&é"5a4db0c5-7a1e';
export const TOKEN = '73616e646f78+/=%&é"t';

/** Every way in which a secret may be written, in lower case. */
const SPELLINGS = [KEY, TOKEN].flatMap((secret) =>
  [
    secret,
    encodeURIComponent(secret),
    encodeURI(secret),
    new URLSearchParams({ s: secret }).toString().slice(2),
    JSON.stringify(secret).slice(1, -1),
    secret.replaceAll('&', '&amp;').replaceAll('"', '&quot;'),
    secret.replaceAll('&', '&amp;').replaceAll('"', '&#34;'),
    Buffer.from(secret).toString('base64').replace(/=+$/, ''),
    Buffer.from(secret).toString('base64url'),
    Buffer.from(secret).toString('hex'),
    // What is recognisable of it however the rest is written.
    secret.match(/[\w-]{10,}/)?.[0] ?? secret,
  ].map((spelling) => spelling.toLowerCase()),
);

/** The spellings of the two that stand in a text. */
export function findSecrets(text: string): string[] {
  const searched = text.toLowerCase();
  const decoded = (() => {
    try {
      return decodeURIComponent(searched);
    } catch {
      return '';
    }
  })();
  return SPELLINGS.filter((spelling) => searched.includes(spelling) || decoded.includes(spelling));
}
