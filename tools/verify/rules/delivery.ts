//! I4: every fact had its one effect at every reader that acts on it, or is one dead letter.
import type { Service } from '../options.ts'
import { announcers, type Reading, readings, sqlTexts } from '../readings.ts'
import type { Rule } from '../rule.ts'

const fact = 'o.position, o.id, o.type, o.key, o.moment, o.sent_at, o.stream_sequence'

export const deliveryRules: readonly Rule[] = [
  ...readings.flatMap(readingRules),
  ...announcers.flatMap(announcerRules),
]

function readingRules(reading: Reading): Rule[] {
  const { reader, announcer, stream, effect, effectIsItsOwn } = reading
  const needs = [reader, announcer]
  const types = sqlTexts(reading.types)
  const facts = `select count(*) from ${announcer}.outbox where type in (${types})`
  const heard = `${announcer}.outbox o join ${reader}.inbox i on i.stream = '${stream}' and i.event_id = o.id`
  const letter = `exists (select 1 from ${reader}.dead_letters d where d.stream = '${stream}' and d.event_id = o.id)`
  const unheard = `
    select ${fact} from ${announcer}.outbox o
    where o.type in (${types})
      and not exists (select 1 from ${reader}.inbox i where i.stream = '${stream}' and i.event_id = o.id)`
  const about = `${reader} ← ${announcer}`
  return [
    {
      of: 'I4',
      says: `${about}: what was announced 10 s ago was heard`,
      needs,
      modes: ['live'],
      looksAt: `${facts} and moment <= @cutoff`,
      broken: `${unheard} and o.moment <= @cutoff`,
    },
    {
      of: 'I4',
      // A place that the outbox disagrees with is of an earlier life of the stream, and goes back at the next start.
      says: `${about}: what was read past was heard`,
      needs,
      modes: ['stopped'],
      looksAt: facts,
      // Where it stands at what a stranger has put there, the last of ours that it heard tells how far it has been.
      broken: `${unheard} and o.stream_sequence <= (
        select max(been.sequence) from (
          select event_id, sequence from ${reader}.places where stream = '${stream}'
          union all
          select event_id, sequence from ${reader}.inbox where stream = '${stream}'
        ) been join ${announcer}.outbox at on at.id = been.event_id and at.stream_sequence = been.sequence)`,
    },
    {
      of: 'I4',
      says: `${about}: everything was heard`,
      needs,
      modes: ['settled'],
      looksAt: facts,
      broken: unheard,
    },
    {
      of: 'I4',
      says: `${about}: what was heard had its one effect, or is a dead letter`,
      needs,
      looksAt: `select count(*) from ${heard} where o.type in (${types})`,
      broken: `
        select ${fact}, outcome, effect, letter
        from (select o.*, i.outcome, ${effect} as effect, ${letter} as letter from ${heard} where o.type in (${types})) o
        where not case
          when outcome = 'ok' then effect and not letter
          when outcome in ('dead', 'parked') then letter ${effectIsItsOwn ? 'and not effect' : ''}
          else not letter ${effectIsItsOwn ? 'and not effect' : ''}
        end`,
    },
    {
      of: 'I4',
      // What the outbox has dropped meanwhile cannot be asked for; an id of ours begins with its time. And two that read each
      // other are looked at one after the other, so that what has just been heard may not have been announced yet.
      says: `${about}: nothing was acted on that nobody announced`,
      needs,
      looksAt: `select count(*) from ${reader}.inbox where stream = '${stream}' and outcome = 'ok'`,
      broken: `
        select i.* from ${reader}.inbox i
        where i.stream = '${stream}' and i.outcome = 'ok' and i.moment <= @cutoff
          and not exists (select 1 from ${announcer}.outbox o where o.id = i.event_id)
          and (select since from temp.${announcer}_kept)
            <= case when i.event_id like 'evt\\_%' escape '\\' then ${momentOfId('i.event_id')} else i.moment end`,
    },
    {
      of: 'I4',
      says: `${about}: the dead letters are those of the inbox`,
      needs: [reader],
      looksAt: `select count(*) from ${reader}.dead_letters where stream = '${stream}'`,
      broken: `
        select event_id, max(state) as state, max(outcome) as outcome
        from (
          select event_id, state, null as outcome from ${reader}.dead_letters where stream = '${stream}'
          union all
          select event_id, null, outcome from ${reader}.inbox
          where stream = '${stream}' and outcome in ('dead', 'parked')
        )
        group by event_id having count(state) <> 1 or count(outcome) <> 1`,
    },
    {
      of: 'I4',
      says: `${about}: the reader stands where its event stands`,
      needs,
      modes: ['settled'],
      looksAt: `select count(*) from ${reader}.places where stream = '${stream}'`,
      broken: `
        select p.*, o.stream_sequence
        from ${reader}.places p join ${announcer}.outbox o on o.id = p.event_id
        where p.stream = '${stream}' and o.stream_sequence is not p.sequence`,
    },
  ]
}

function announcerRules(announcer: Service): Rule[] {
  const needs = [announcer]
  return [
    {
      of: 'I4',
      says: `${announcer}: everything was sent`,
      needs,
      modes: ['settled'],
      looksAt: `select count(*) from ${announcer}.outbox`,
      broken: `select ${fact} from ${announcer}.outbox o where o.sent_at is null`,
    },
    {
      of: 'I4',
      says: `${announcer}: no two facts stand in one place of the stream`,
      needs,
      looksAt: `select count(*) from ${announcer}.outbox where sent_at is not null`,
      broken: `
        select stream_sequence, min(id) as first, max(id) as second from ${announcer}.outbox
        where sent_at is not null group by stream_sequence having count(*) > 1`,
    },
  ]
}

/** The first twelve hexadecimal digits are milliseconds; SQLite has no word for that. */
function momentOfId(id: string): string {
  const digit = (at: number) => `(instr('0123456789abcdef', substr(${id}, ${at}, 1)) - 1)`
  return `(${Array.from({ length: 12 }, (_, index) => `${digit(index + 5)} * ${16 ** (11 - index)}`).join(' + ')})`
}

/** What the notifier alone promises: an order's customer hears of it in its order. */
export const noticeRules: readonly Rule[] = [
  {
    of: 'I4',
    says: 'notifier: a notice is of a fact that was heard',
    needs: ['notifier'],
    looksAt: 'select count(*) from notifier.notices',
    broken: `
      select n.* from notifier.notices n
      -- Not by \`exists\`: the inbox is found by its stream first, and would be gone through for every notice.
      where n.event_id not in (select event_id from notifier.inbox where outcome = 'ok')`,
  },
  {
    of: 'I4',
    says: 'notifier: the notices of an order came in the order of its facts, each once',
    needs: ['notifier', 'loms'],
    looksAt: 'select count(*) from notifier.notices',
    broken: `
      select tenant_id, order_id, arrival, event_id, version, came_after
      from (
        select n.tenant_id, n.order_id, n.arrival, n.event_id, f.version,
          lag(f.version) over (partition by n.tenant_id, n.order_id order by n.arrival) as came_after
        from notifier.notices n join temp.order_facts f on f.event_id = n.event_id
      )
      where came_after >= version`,
  },
]
