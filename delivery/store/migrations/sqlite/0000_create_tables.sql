CREATE TABLE `closed_orders` (
	`tenant_id` text NOT NULL,
	`order_id` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `order_id`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
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
CREATE TABLE `shipments` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` text NOT NULL,
	`order_id` integer NOT NULL,
	`user_id` integer NOT NULL,
	`carrier` text NOT NULL,
	`address` text,
	`pickup_point` text,
	`status` text NOT NULL,
	`reason` text,
	`is_released` integer NOT NULL,
	`version` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	CONSTRAINT "shipment_status_is_known" CHECK("shipments"."status" in ('queued', 'refused', 'sent', 'received', 'cancelled'))
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `shipments_by_order` ON `shipments` (`tenant_id`,`order_id`);--> statement-breakpoint
CREATE INDEX `shipments_to_send` ON `shipments` (`tenant_id`,`created_at`) WHERE status = 'queued';