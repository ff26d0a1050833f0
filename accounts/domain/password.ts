//! Which passwords may be chosen. Length is what counts (NIST SP 800-63B): no rules about kinds of characters.
import list from './common-passwords.txt' with { type: 'text' }

export const passwordLengthMin = 8
export const passwordLengthMax = 256

/** The same password typed on another keyboard is the same text afterwards. */
export const preparedPassword = (password: string): string => password.normalize('NFKC')

/** What is wrong with a new password, in words; undefined where nothing is. `near` is what a guesser would try first. */
export function passwordProblem(password: string, near: readonly string[]): string | undefined {
  const text = preparedPassword(password)
  if ([...text].length < passwordLengthMin) return `must have ${passwordLengthMin} characters or more`
  const plain = text.toLowerCase()
  if (near.some((word) => word.length >= 3 && plain === word.toLowerCase()))
    return 'must not be the login or another field'
  if (isCommon(plain) || isRun(plain)) return 'must not be one that many people have'
  return undefined
}

/** One character again and again, or a run up or down the alphabet or the digits. */
function isRun(text: string): boolean {
  const codes = [...text].map((character) => character.codePointAt(0) ?? 0)
  const steps = codes.slice(1).map((code, index) => code - (codes[index] ?? 0))
  return [0, 1, -1].some((step) => steps.every((each) => each === step))
}

/** A common word with digits or signs at its end is as common as the word. */
function isCommon(text: string): boolean {
  const word = text.replace(/[^\p{L}]+$/u, '')
  return [text, word, text.replace(/(.+?)\1+/u, '$1')].some((each) => common.has(each) || listed.has(each))
}

const listed: ReadonlySet<string> = new Set(list.split('\n').filter((line) => /^[^#]/.test(line)))

// The heads of the lists that guessers use, and what they make of them; short ones stand for themselves with digits behind.
const common: ReadonlySet<string> = new Set(
  `password passw0rd p@ssword p@ssw0rd passwort password1 pass qwerty qwertz azerty qwertyuiop qwerty123 qwertyui
  asdfghjk asdfghjkl asdf zxcvbnm zxcvbn 1q2w3e4r 1q2w3e4r5t 1q2w3e 1qaz2wsx q1w2e3r4 qazwsx qazwsxedc zaq12wsx
  123456789 12345678 1234567890 0123456789 987654321 87654321 123123123 12341234 11223344 147258369 123qweasd
  1234qwer qwer1234 123456qwerty abc123 abcd1234 a1b2c3d4 abcdefgh abcdefghi iloveyou ilovey0u princess sunshine
  football baseball basketball superman batman dragon monkey shadow master michael jordan jennifer welcome
  welcome1 letmein trustno1 starwars whatever computer internet samsung google facebook liverpool chelsea arsenal
  charlie michelle jessica ashley nicole daniel andrew thomas hannah summer winter spring autumn secret admin
  administrator root user guest test testtest changeme default login access hello freedom mustang corvette
  cheese pepper ginger cookie killer hunter soccer hockey tigger purple orange maggie buster matrix diamond
  пароль йцукен йцукенгшщз йцукенг привет любовь наташа марина солнышко максим андрей сергей qwerty12345
  gfhjkm ghbdtn parol kiosk shop store`
    .split(/\s+/)
    .filter((word) => word !== ''),
)
