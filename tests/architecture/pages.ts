//! Markdown as its readers follow it: headings by the anchors that GitHub gives them, links, commands.
import { posix } from 'node:path'

export type Link = { readonly path: string; readonly anchor: string | undefined }

/** Every anchor of a page: a heading in small letters without its signs, and counted where there are two of a name. */
export function anchorsOf(page: string): ReadonlySet<string> {
  const anchors = new Set<string>()
  const seen = new Map<string, number>()
  for (const [, heading = ''] of proseOf(page).matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const anchor = anchorOf(heading)
    const before = seen.get(anchor) ?? 0
    seen.set(anchor, before + 1)
    anchors.add(before === 0 ? anchor : `${anchor}-${before}`)
  }
  return anchors
}

function anchorOf(heading: string): string {
  return heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}_\- ]/gu, '')
    .replaceAll(' ', '-')
}

/** Links into the repository, as paths from its root; those to elsewhere are nobody's to check without a network. */
export function linksOf(path: string, page: string): readonly Link[] {
  return [...proseOf(page).matchAll(/\]\((?![a-z][a-z+.-]*:)([^)\s]+)\)/gi)].map(([, target = '']) => {
    const [file = '', anchor] = target.split('#')
    return { path: file === '' ? path : posix.normalize(posix.join(posix.dirname(path), file)), anchor }
  })
}

/** The scripts that a page tells its readers to run. */
export function scriptsIn(page: string): readonly string[] {
  return [...page.matchAll(/\bbun(?:@[\d.]+)? run ([a-z]+)/g)].map(([, script = '']) => script)
}

/** The files that a page tells its readers to run by themselves. */
export function programsIn(page: string): readonly string[] {
  return [...page.matchAll(/\bbun ([a-z][\w/-]*\.ts)\b/g)].map(([, file = '']) => file)
}

/** Without its fenced blocks, where `#` begins a remark and brackets are anybody's. */
const proseOf = (page: string): string => page.replace(/^```[^\n]*\n[\s\S]*?^```/gm, '')
