//! What a restore changes, one part for each place: all of them are made ready first, and then switched over at once.

/** Ready: nothing that anybody uses has been changed yet. What was made ready and not switched over is gone at its end. */
export type Part = AsyncDisposable & {
  /** What it has done then, for people. */
  readonly says: string
  switchOver(): Promise<void>
  /** After `switchOver`: as it was before, as far as that can be done. */
  undo(): Promise<void>
}

/** Switches all over, or, where one of them fails, none. */
export async function switchAll(parts: readonly Part[]): Promise<void> {
  const switched: Part[] = []
  try {
    for (const part of parts) {
      await part.switchOver()
      switched.push(part)
    }
  } catch (error) {
    for (const part of switched.reverse()) await part.undo()
    throw error
  }
}
