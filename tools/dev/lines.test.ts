//! Lines out of pieces.
import { expect, test } from 'bun:test'
import { readLines } from './lines.ts'

test('a stream is read line by line, whatever the pieces, the last one also without its end', async () => {
  const pieces = ['one\ntw', 'o\nthr', 'ee\n\nпять', ''].map((piece) => new TextEncoder().encode(piece))
  const split = pieces.flatMap((piece) => [piece.slice(0, -1), piece.slice(-1)]) // also in the middle of a letter
  const lines: string[] = []
  await readLines(new Blob(split).stream(), (line) => lines.push(line))
  await readLines(
    new ReadableStream({
      start(controller) {
        for (const piece of split) controller.enqueue(piece)
        controller.close()
      },
    }),
    (line) => lines.push(line),
  )
  expect(lines).toEqual(['one', 'two', 'three', '', 'пять', 'one', 'two', 'three', '', 'пять'])
})
