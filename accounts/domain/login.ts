//! Logins: what may be one, and when two are the same.

// Letters of any script, so that an owner may be called what they are called; nothing that is invisible or looks like a space.
const loginPattern = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}._@+-]{2,63}$/u

export const loginWords =
  'must be 3 to 64 letters, digits, dots, dashes, underscores, @ or +, the first a letter or a digit'

/** How a login is kept and shown. */
export const shownLogin = (login: string): string => login.normalize('NFKC')

/**
 * What two spellings of one login have in common: compatibility forms and case are folded, also where only upper or only
 * lower case tells letters apart (`ß` and `SS`). Undefined where it is no login.
 */
export function loginKeyOf(login: string): string | undefined {
  const key = folded(login)
  return loginPattern.test(shownLogin(login)) && loginPattern.test(key) ? key : undefined
}

/**
 * What two spellings of an address have in common: the case of Latin letters, and nothing else. By it one signs in to an
 * account that is there, and `mıke@…`, which a fuller folding takes for `mike@…`, is somebody else's mailbox or domain.
 */
export const emailKeyOf = (email: string): string => email.replace(/[A-Z]/g, (letter) => letter.toLowerCase())

// Folded and composed again: either step alone may undo the other.
const folded = (text: string): string => text.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC')
