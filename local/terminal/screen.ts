import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import { shortened } from '../../functions/insights/wording.ts';

type Style = Parameters<typeof styleText>[0];

/** What is needed of a terminal, or of what stands in for it. */
export interface Terminal extends Partial<Pick<WriteStream, 'isTTY' | 'columns' | 'rows'>> {
  write(text: string): unknown;
}

/** A place for lines that stay, with a few below them that are drawn again and again. */
export interface Screen {
  /** Whether what is drawn can be drawn over. */
  isInteractive: boolean;
  /** Draws in the place of what was drawn before. */
  draw(lines: readonly string[]): void;
  /** Adds text above what is drawn. */
  print(text: string): void;
  /** Removes what is drawn. */
  clear(): void;
}

/** Makes a screen of a terminal; what is no terminal gets every line as it is, and no control character. */
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

/** Makes a function that colours text where the stream is a terminal and NO_COLOR or FORCE_COLOR do not say otherwise. */
export function createPainter(stream: WriteStream): (style: Style, text: string) => string {
  return (style, text) => styleText(style, text, { stream });
}

/** The width of a terminal; what is written to a file has no bound. */
export function widthOf(stream: WriteStream): number {
  return stream.isTTY ? stream.columns : Number.POSITIVE_INFINITY;
}

/** Lets whoever reads from a pipe leave early, as `head` does. */
export function letReadersLeave(stream: WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}
