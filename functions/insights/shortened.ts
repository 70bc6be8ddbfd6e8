/** At most so many characters; a mark says that there were more. */
export function shortened(text: string, length: number): string {
  const characters = [...text];
  return characters.length > length ? `${characters.slice(0, length - 1).join('')}…` : text;
}

/** The same of a text that somebody else wrote, to stand within a sentence: nothing in it turns the direction of the rest. */
export function quoted(text: string, length: number): string {
  return shortened(text.replaceAll(/\p{Bidi_Control}/gu, ''), length);
}
