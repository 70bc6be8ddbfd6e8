import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import { shortened } from '../../functions/insights/shortened.ts';
import { hanging, helpLines } from './texts.ts';

type Style = Parameters<typeof styleText>[0];

/** What a screen needs of a terminal, or of its stand-in. */
export interface Terminal extends Partial<Pick<WriteStream, 'isTTY' | 'columns' | 'rows'>> {
  write(text: string): unknown;
}

/** Lines that stay, with a few below them that are redrawn again and again. */
export interface Screen {
  /** Whether drawn lines can be drawn over. */
  isInteractive: boolean;
  /** Replaces the lines that were drawn before. */
  draw(lines: readonly string[]): void;
  /** Adds text above the drawn lines. */
  print(text: string): void;
  /** Removes the drawn lines. */
  clear(): void;
}

/** Makes a screen of a terminal; anything else gets every line as it is, and no control characters. */
export function createScreen(stream: Terminal, { TERM }: { TERM?: string | undefined }): Screen {
  const isInteractive = stream.isTTY === true && TERM !== 'dumb';
  let drawn = 0;

  function clear(): void {
    if (drawn > 0) stream.write(`\r${drawn > 1 ? `\u001b[${drawn - 1}A` : ''}\u001b[J`);
    drawn = 0;
  }

  return {
    isInteractive,
    clear,
    draw(lines) {
      if (!isInteractive) {
        stream.write(lines.map((line) => `${line}\n`).join(''));
        return;
      }
      clear();
      const { columns = 80, rows = 24 } = stream;
      const fitting = lines.slice(0, rows - 1);
      stream.write(fitting.map((line) => shortened(line, columns - 1)).join('\n'));
      drawn = fitting.length;
    },
    print(text) {
      clear();
      stream.write(text);
    },
  };
}

/** Makes a function that colours text if the stream is a terminal, unless NO_COLOR or FORCE_COLOR says otherwise. */
export function createPainter(stream: WriteStream): (style: Style, text: string) => string {
  return (style, text) => styleText(style, text, { stream });
}

/** The width of a terminal; a file has no limit, nor has a terminal that does not know its size. */
export function widthOf(stream: WriteStream): number {
  return (stream.isTTY && stream.columns) || Number.POSITIVE_INFINITY;
}

/** Writes a sentence, on as many lines as the terminal needs. */
export function say(stream: WriteStream, sentence: string): void {
  stream.write(`${hanging(sentence, widthOf(stream), 0).join('\n')}\n`);
}

/** Writes the help of a command in the width of the terminal. */
export function sayHelp(stream: WriteStream, help: string): void {
  stream.write(helpLines(help, widthOf(stream)).join('\n'));
}

/** Lets the reader of a pipe leave early, as `head` does. */
export function letReadersLeave(stream: WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}
