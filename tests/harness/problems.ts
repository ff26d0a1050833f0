//! What settings are refused with.
import { ConfigError } from '../../runtime/config.ts'

/** Every problem of the settings that are read; none where they can be. */
export function problemsOf(read: () => unknown): readonly string[] {
  try {
    read()
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}
