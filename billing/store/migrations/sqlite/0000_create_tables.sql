CREATE TABLE `dead_letters` (
	`position` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`stream` text NOT NULL,
	`event_id` text NOT NULL,
	`sequence` integer NOT NULL,
	`subject` text NOT NULL,
	`type` text NOT NULL,
	`key` text NOT NULL,
	`tenant_id` text NOT NULL,
	`headers` text NOT NULL,
	`data` text NOT NULL,
	`encoding` text NOT NULL,
	`reason` text NOT NULL,
	`attempts` integer NOT NULL,
	`state` text NOT NULL,
	`moment` integer NOT NULL,
	CONSTRAINT "state_is_known" CHECK("dead_letters"."state" in ('failed', 'parked')),
	CONSTRAINT "encoding_is_known" CHECK("dead_letters"."encoding" in ('text', 'base64'))
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `dead_letters_by_event` ON `dead_letters` (`stream`,`event_id`);--> statement-breakpoint
CREATE INDEX `dead_letters_by_key` ON `dead_letters` (`stream`,`tenant_id`,`key`,`position`);--> statement-breakpoint
CREATE TABLE `entries` (
	`tenant_id` text NOT NULL,
	`user_id` integer NOT NULL,
	`currency` text NOT NULL,
	`number` integer NOT NULL,
	`account` text NOT NULL,
	`change` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `user_id`, `currency`, `number`, `account`),
	FOREIGN KEY (`tenant_id`,`user_id`,`currency`,`number`) REFERENCES `transactions`(`tenant_id`,`user_id`,`currency`,`number`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "account_is_known" CHECK("entries"."account" in ('available', 'held', 'external', 'revenue')),
	CONSTRAINT "something_changed" CHECK("entries"."change" <> 0)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `holds` (
	`tenant_id` text NOT NULL,
	`order_id` integer NOT NULL,
	`state` text NOT NULL,
	`user_id` integer,
	`currency` text,
	`amount` integer,
	`payment_id` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`look_at` integer,
	PRIMARY KEY(`tenant_id`, `order_id`),
	CONSTRAINT "state_is_known" CHECK("holds"."state" in ('held', 'refused', 'captured', 'voided', 'refunded')),
	CONSTRAINT "held_is_looked_at" CHECK(("holds"."state" = 'held') = ("holds"."look_at" is not null)),
	CONSTRAINT "held_amount_positive" CHECK("holds"."amount" is null or "holds"."amount" > 0),
	CONSTRAINT "asked_whole_or_not_at_all" CHECK(("holds"."user_id" is null) = ("holds"."amount" is null) and ("holds"."user_id" is null) = ("holds"."currency" is null) and ("holds"."user_id" is null) = ("holds"."payment_id" is null)),
	CONSTRAINT "only_voided_before_asked" CHECK("holds"."user_id" is not null or "holds"."state" = 'voided')
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE UNIQUE INDEX `holds_by_payment` ON `holds` (`payment_id`) WHERE payment_id is not null;--> statement-breakpoint
CREATE INDEX `holds_to_look_at` ON `holds` (`look_at`) WHERE look_at is not null;--> statement-breakpoint
CREATE TABLE `idempotency_keys` (
	`tenant_id` text NOT NULL,
	`scope` text NOT NULL,
	`key` text NOT NULL,
	`fingerprint` text NOT NULL,
	`request_id` text NOT NULL,
	`answer` text,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `scope`, `key`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `idempotency_keys_by_age` ON `idempotency_keys` (`created_at`);--> statement-breakpoint
CREATE TABLE `inbox` (
	`stream` text NOT NULL,
	`event_id` text NOT NULL,
	`sequence` integer NOT NULL,
	`moment` integer NOT NULL,
	`outcome` text NOT NULL,
	PRIMARY KEY(`stream`, `event_id`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `inbox_by_sequence` ON `inbox` (`stream`,`sequence`);--> statement-breakpoint
CREATE TABLE `leases` (
	`name` text PRIMARY KEY NOT NULL,
	`holder` text NOT NULL,
	`expires_at` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE TABLE `outbox` (
	`position` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`type` text NOT NULL,
	`key` text NOT NULL,
	`tenant_id` text NOT NULL,
	`moment` integer NOT NULL,
	`traceparent` text,
	`data` text NOT NULL,
	`sent_at` integer,
	`stream_sequence` integer,
	CONSTRAINT "sent_has_a_sequence" CHECK("outbox"."sent_at" is null or "outbox"."stream_sequence" is not null)
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `outbox_by_id` ON `outbox` (`id`);--> statement-breakpoint
CREATE INDEX `outbox_by_stream_sequence` ON `outbox` (`stream_sequence`,`position`);--> statement-breakpoint
CREATE INDEX `outbox_to_repair` ON `outbox` (`stream_sequence`,`position`) WHERE sent_at is null and stream_sequence is not null;--> statement-breakpoint
CREATE TABLE `places` (
	`stream` text PRIMARY KEY NOT NULL,
	`sequence` integer NOT NULL,
	`event_id` text NOT NULL,
	`moment` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE TABLE `transactions` (
	`tenant_id` text NOT NULL,
	`user_id` integer NOT NULL,
	`currency` text NOT NULL,
	`number` integer NOT NULL,
	`id` text NOT NULL,
	`kind` text NOT NULL,
	`amount` integer NOT NULL,
	`order_id` integer,
	`moment` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `user_id`, `currency`, `number`),
	FOREIGN KEY (`tenant_id`,`user_id`,`currency`) REFERENCES `wallets`(`tenant_id`,`user_id`,`currency`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "number_positive" CHECK("transactions"."number" > 0),
	CONSTRAINT "amount_positive" CHECK("transactions"."amount" > 0),
	CONSTRAINT "kind_is_known" CHECK("transactions"."kind" in ('top_up', 'hold', 'void', 'charge', 'refund')),
	CONSTRAINT "all_but_top_ups_have_an_order" CHECK(("transactions"."kind" = 'top_up') = ("transactions"."order_id" is null))
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE UNIQUE INDEX `transactions_by_id` ON `transactions` (`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `one_of_a_kind_per_order` ON `transactions` (`tenant_id`,`order_id`,`kind`) WHERE order_id is not null;--> statement-breakpoint
CREATE TABLE `wallets` (
	`tenant_id` text NOT NULL,
	`user_id` integer NOT NULL,
	`currency` text NOT NULL,
	`available` integer NOT NULL,
	`held` integer NOT NULL,
	`transactions` integer NOT NULL,
	`opened_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `user_id`, `currency`),
	CONSTRAINT "available_not_negative" CHECK("wallets"."available" >= 0),
	CONSTRAINT "held_not_negative" CHECK("wallets"."held" >= 0),
	CONSTRAINT "transactions_not_negative" CHECK("wallets"."transactions" >= 0),
	CONSTRAINT "user_id_positive" CHECK("wallets"."user_id" > 0)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TRIGGER `transactions_no_update` BEFORE UPDATE ON `transactions` BEGIN SELECT RAISE(ABORT, 'the ledger is only added to'); END;
--> statement-breakpoint
CREATE TRIGGER `transactions_no_delete` BEFORE DELETE ON `transactions` BEGIN SELECT RAISE(ABORT, 'the ledger is only added to'); END;
--> statement-breakpoint
CREATE TRIGGER `entries_no_update` BEFORE UPDATE ON `entries` BEGIN SELECT RAISE(ABORT, 'the ledger is only added to'); END;
--> statement-breakpoint
CREATE TRIGGER `entries_no_delete` BEFORE DELETE ON `entries` BEGIN SELECT RAISE(ABORT, 'the ledger is only added to'); END;
