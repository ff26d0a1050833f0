//! The arrows of the layout and the rules of the style that a machine can check, kept true over the whole repository.
import { describe, expect, test } from 'bun:test'
import { basename, dirname } from 'node:path'
import { errors } from '../contracts/errors.ts'
import { findEvents } from '../tools/generate/contracts.ts'
import { documents } from '../tools/generate/documents.ts'
import { bringAbout } from '../tools/generate/files.ts'
import { domainWordsIn, domainWordsInComments } from './architecture/domain-words.ts'
import { files, type SourceFile, services, sources, textOf } from './architecture/repository.ts'

const product = sources.filter(({ isTest }) => !isTest)
const inFolder = (folder: string) => (file: SourceFile) => file.path.startsWith(`${folder}/`)
const inLayer = (layer: string) => (file: SourceFile) => file.path.split('/')[1] === layer

/** Arrows out of these files that lead anywhere but where they may. */
function strayArrows(
  from: readonly SourceFile[],
  mayLeadTo: (to: string, from: SourceFile) => boolean,
): string[] {
  expect(from).not.toBeEmpty()
  return from.flatMap((file) =>
    file.imports
      .filter(({ isOurs, from: to }) => isOurs && !mayLeadTo(to, file))
      .map(({ from: to }) => `${file.path} imports ${to}`),
  )
}

/** `path:line` of everything in the code of these files that matches. */
function found(from: readonly SourceFile[], pattern: RegExp, of: 'code' | 'text' = 'code'): string[] {
  expect(from).not.toBeEmpty()
  return from.flatMap((file) =>
    [...file[of].matchAll(new RegExp(pattern, 'gm'))].map(
      (match) => `${file.path}:${file[of].slice(0, match.index).split('\n').length} ${match[0].trim()}`,
    ),
  )
}

const leadsInto =
  (...folders: readonly string[]) =>
  (to: string) =>
    folders.some((folder) => to.startsWith(`${folder}/`))

describe('who may import whom', () => {
  test('there are services to look at', () => {
    expect(services).toContain('loms')
    expect(services.length).toBeGreaterThan(3)
  })

  test.each([...services])('%s imports contracts, runtime and itself', (service) => {
    expect(
      strayArrows(product.filter(inFolder(service)), leadsInto('contracts', 'runtime', service)),
    ).toEqual([])
  })

  test.each([...services])('nothing in %s, its tests included, imports another service', (service) => {
    const others = services.filter((other) => other !== service)
    const all = sources.filter(inFolder(service))
    expect(strayArrows(all, (to) => !leadsInto(...others)(to))).toEqual([])
  })

  test('runtime imports contracts and itself', () => {
    const runtime = product.filter(inFolder('runtime'))
    expect(strayArrows(runtime, leadsInto('contracts', 'runtime'))).toEqual([])
  })

  test('contracts imports nothing of ours', () => {
    const contracts = sources.filter(inFolder('contracts'))
    expect(strayArrows(contracts, leadsInto('contracts'))).toEqual([])
  })

  test("domain imports contracts and its own service's domain", () => {
    const domain = product.filter(inLayer('domain'))
    const mayLeadTo = (to: string, { path }: SourceFile) => leadsInto('contracts', dirname(path))(to)
    expect(strayArrows(domain, mayLeadTo)).toEqual([])
  })

  test('store knows the domain and nothing that uses it', () => {
    const store = product
      .filter(inLayer('store'))
      .filter(({ path }) => services.includes(path.split('/')[0] ?? ''))
    const mayLeadTo = (to: string, { path }: SourceFile) => {
      const [service] = path.split('/')
      return leadsInto('contracts', 'runtime', `${service}/domain`, `${service}/store`)(to)
    }
    expect(strayArrows(store, mayLeadTo)).toEqual([])
  })

  test('operations know no door: neither http, grpc and rpc nor consumers, nor main and its settings', () => {
    const doors = /\/(http|grpc|rpc|consumers|main|config)\.ts$/
    const operations = product.filter(inLayer('operations'))
    const mayLeadTo = (to: string) => leadsInto('contracts', 'runtime')(to) || !doors.test(to)
    expect(strayArrows(operations, mayLeadTo)).toEqual([])
  })
})

describe('domain is values in, values out', () => {
  const domain = product.filter(inLayer('domain'))

  test('it has neither clock, chance nor surroundings, and waits for nobody', () => {
    const impure =
      /\b(Date\.now|Math\.random|async|await)\b|\bnew Date\(\)|\b(performance|process|Bun)\.|\b(fetch|setTimeout|setInterval|setImmediate|queueMicrotask)\(/
    expect(found(domain, impure)).toEqual([])
  })

  test('it needs no package', () => {
    // Hashing and comparing are functions of their arguments alone.
    const pure = new Map([['catalog/domain/token.ts', 'node:crypto']])
    const packages = domain.flatMap(({ path, imports }) =>
      imports.flatMap(({ isOurs, from }) =>
        isOurs || pure.get(path) === from ? [] : [`${path} imports ${from}`],
      ),
    )
    expect(packages).toEqual([])
  })
})

describe('runtime has not one word of the domain', () => {
  // Each is an example in a comment: what the reader knows from the services says more than a made-up word.
  const examples: readonly (readonly [path: string, example: string])[] = [
    ['runtime/config/common.ts', `commonSettings('LOMS',`],
    ['runtime/grpc/metadata.ts', 'one purchase has one id in every log'],
    ['runtime/messages/handler.ts', 'on(OrderConfirmed,'],
    ['runtime/messages/lease.ts', '`reader:LOMS`'],
    ['runtime/store/store.ts', 'const orderById = query(({ db, tables }: Q, p: Params<{ id: OrderId }>) =>'],
    ['runtime/store/store.ts', 'const [order] = await orderById(tx, { id })'],
  ]

  test('the words are found, wherever they hide in a name', () => {
    expect(domainWordsIn('const skuOf = (orderIds, priceBySku) => inOrder')).toEqual([
      'skuOf',
      'orderIds',
      'priceBySku',
      'inOrder',
    ])
    expect(domainWordsIn('rows.orderBy(asc(id)); catalogue; production')).toEqual([])
    expect(domainWordsInComments('in the order of their orderId, and of each order')).toEqual(['orderId'])
  })

  test('neither code nor comments', () => {
    const runtime = product.filter(inFolder('runtime'))
    expect(runtime).not.toBeEmpty()
    const words = runtime.flatMap(({ path, code, comments }) => {
      const own = examples.filter(([where]) => where === path).map(([, example]) => example)
      const commented = own.reduce((text, example) => text.replace(example, ''), comments)
      return [...domainWordsIn(code), ...domainWordsInComments(commented)].map((word) => `${path}: ${word}`)
    })
    expect(words).toEqual([])
  })

  test('every exception is still one', () => {
    expect(examples.filter(([path, example]) => !textOf(path).includes(example))).toEqual([])
  })
})

describe('how a file is made', () => {
  test('the environment is read by main.ts and by chores', () => {
    const chores = /^(tools|benchmarks)\//
    const inside = product.filter(({ path }) => !chores.test(path) && basename(path) !== 'main.ts')
    expect(found(inside, /\b(process\.env|Bun\.env|import\.meta\.env)\b/)).toEqual([])
  })

  test('a file begins by saying what belongs in it', () => {
    const silent = product.filter(({ text }) => !/^(#!.*\n)?\/\/! \S/.test(text))
    expect(silent.map(({ path }) => path)).toEqual([])
  })

  test('no file is longer than 400 lines', () => {
    const long = sources.filter(({ text }) => text.split('\n').length > 401)
    expect(long.map(({ path }) => path)).toEqual([])
  })

  test('nothing that runs in a service writes to the console', () => {
    const running = product.filter(({ path }) => !/^(tools|benchmarks)\//.test(path))
    expect(found(running, /\bconsole\.\w+/)).toEqual([])
  })

  test('no value is of any type', () => {
    expect(found(sources, /(?::|\bas|<|\bextends)\s*any\b(?!['\w])/)).toEqual([])
  })
})

describe('one operation, one file, one function of its name', () => {
  const nameOf = (path: string) =>
    basename(path, '.ts').replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
  const isSharedStep = ({ text }: SourceFile) => text.startsWith('//! The step that ')
  const functionsOf = ({ code }: SourceFile) =>
    [
      ...code.matchAll(/^export (?:async )?function\*? (\w+)/gm),
      ...code.matchAll(/^export const (\w+)[^\n=]*= (?:async )?(?:\([^)]*\)|\w+)(?:: [^=\n]+)? =>/gm),
    ].map(([, name]) => name)
  const operations = product.filter(inLayer('operations'))

  test('an operation exports the function that its file is named for, and no other', () => {
    expect(operations.length).toBeGreaterThan(10)
    const others = operations.filter((file) => !isSharedStep(file))
    const wrong = others.filter((file) => functionsOf(file).join() !== nameOf(file.path))
    expect(wrong.map((file) => `${file.path} exports ${functionsOf(file).join(', ')}`)).toEqual([])
  })

  test('a shared step is shared, or else it is an operation of its own', () => {
    const usersOf = (step: SourceFile) =>
      operations.filter(({ imports }) => imports.some(({ from }) => from === step.path))
    const lonely = operations.filter((file) => isSharedStep(file) && usersOf(file).length < 2)
    expect(lonely.map(({ path }) => path)).toEqual([])
  })
})

describe('what is there is used', () => {
  const using = product.filter(({ path }) => path !== 'contracts/errors.ts')

  test('every error code is refused with somewhere', () => {
    const unused = Object.keys(errors).filter(
      (code) => !using.some((file) => file.code.includes(`'${code}'`)),
    )
    expect(unused).toEqual([])
  })

  test('every fact is announced or heard somewhere', async () => {
    const events = await findEvents()
    expect(events.length).toBeGreaterThan(5)
    const inServices = product.filter(({ path }) => services.includes(path.split('/')[0] ?? ''))
    const named = new Set(inServices.flatMap(({ imports }) => imports.flatMap(({ names }) => names)))
    expect(events.filter(({ exportName }) => !named.has(exportName)).map(({ event }) => event.type)).toEqual(
      [],
    )
  })
})

describe('tests', () => {
  const tests = sources.filter(({ path }) => path.endsWith('.test.ts'))

  test('none is the only one that runs', () => {
    expect(found(tests, /^\s*(test|describe|it)\.only\b/)).toEqual([])
  })

  test('one that does not run says why: in its name, before a colon, or in the condition', () => {
    const silent = /^\s*(test|describe|it)\.(skip|todo)(\.each\([^\n]*\))?\((?!\s*['`][^'`\n]+: )/
    expect(found(tests, silent, 'text')).toEqual([])
  })
})

describe('what stands in the repository', () => {
  const texts = files.filter((path) => !/\.(png|jpg|ico|ttf|woff2?|pdf)$/.test(path))

  test.each([
    ['path of somebody’s machine', /(?<![\w.-])[/](?:work|root|tmp|home[/]\w+|Users[/]\w+)[/]/],
    [
      'the address of a package registry',
      /https?:[/][/][^\s'"`)]*(?:registry|npmjs|artifactory|nexus|verdaccio)/,
    ],
  ])('holds no %s', (_, pattern) => {
    const at = texts.flatMap((path) => {
      const lines = textOf(path).split('\n')
      return lines.flatMap((line, index) =>
        pattern.test(line) ? [`${path}:${index + 1} ${line.trim().slice(0, 120)}`] : [],
      )
    })
    expect(at).toEqual([])
  })

  test('what is made from the code is as the code says: .env.example, errors, facts, diagrams', async () => {
    expect(await bringAbout(await documents(), { check: true })).toEqual([])
  })

  test('every setting that the runner reads is in .env.example', () => {
    const runner = product.filter(({ path }) => /^tools\/(dev|nats)\b/.test(path))
    const read = new Set(
      runner.flatMap(({ code }) => [...code.matchAll(/\benv\.([A-Z][A-Z_]+)\b/g)].map(([, name]) => name)),
    )
    const described = textOf('.env.example')
    expect(read.size).toBeGreaterThan(2)
    const silent = [...read].filter((name) => name !== 'PATH' && !described.includes(`\n# ${name}=`))
    expect(silent).toEqual([])
  })
})
