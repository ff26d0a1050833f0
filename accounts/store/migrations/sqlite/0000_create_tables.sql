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
CREATE TABLE `identities` (
	`tenant_id` text NOT NULL,
	`issuer` text NOT NULL,
	`subject` text NOT NULL,
	`user_id` integer NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `issuer`, `subject`),
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE no action
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
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
CREATE TABLE `refresh_tokens` (
	`hash` text PRIMARY KEY NOT NULL,
	`tenant_id` text NOT NULL,
	`session_id` text NOT NULL,
	`generation` integer NOT NULL,
	`salt` text NOT NULL,
	`used_at` integer,
	`replayed` integer NOT NULL,
	FOREIGN KEY (`tenant_id`,`session_id`) REFERENCES `sessions`(`tenant_id`,`id`) ON UPDATE no action ON DELETE no action
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `refresh_tokens_by_session` ON `refresh_tokens` (`tenant_id`,`session_id`,`generation`);--> statement-breakpoint
CREATE TABLE `sessions` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`user_id` integer NOT NULL,
	`cookie_hash` text NOT NULL,
	`generation` integer NOT NULL,
	`address_range` text NOT NULL,
	`created_at` integer NOT NULL,
	`refreshed_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`ended_at` integer,
	`end_reason` text,
	PRIMARY KEY(`tenant_id`, `id`),
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "generation_not_negative" CHECK("sessions"."generation" >= 0),
	CONSTRAINT "end_has_reason" CHECK(("sessions"."ended_at" is null) = ("sessions"."end_reason" is null)),
	CONSTRAINT "end_reason_is_known" CHECK("sessions"."end_reason" in ('logout', 'replaced', 'owner', 'password', 'refresh_reused'))
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE UNIQUE INDEX `sessions_by_cookie` ON `sessions` (`cookie_hash`);--> statement-breakpoint
CREATE INDEX `sessions_by_user` ON `sessions` (`tenant_id`,`user_id`,`created_at`);--> statement-breakpoint
CREATE INDEX `sessions_by_expiry` ON `sessions` (`expires_at`);--> statement-breakpoint
CREATE TABLE `sign_ins` (
	`state_hash` text PRIMARY KEY NOT NULL,
	`browser_hash` text NOT NULL,
	`tenant_id` text NOT NULL,
	`provider` text NOT NULL,
	`expires_at` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE INDEX `sign_ins_by_expiry` ON `sign_ins` (`expires_at`);--> statement-breakpoint
CREATE TABLE `signing_keys` (
	`number` integer PRIMARY KEY NOT NULL,
	`kid` text NOT NULL,
	`public_key` text NOT NULL,
	`private_key` text NOT NULL,
	`signs_from` integer NOT NULL,
	`signs_until` integer NOT NULL,
	CONSTRAINT "signs_for_a_while" CHECK("signing_keys"."signs_until" > "signing_keys"."signs_from")
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `signing_keys_by_kid` ON `signing_keys` (`kid`);--> statement-breakpoint
CREATE TABLE `users` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`tenant_id` text NOT NULL,
	`login` text NOT NULL,
	`login_key` text NOT NULL,
	`role` text NOT NULL,
	`name` text,
	`email` text,
	`email_key` text,
	`email_verified` integer NOT NULL,
	`phone` text,
	`password_hash` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	CONSTRAINT "role_is_known" CHECK("users"."role" in ('customer', 'admin', 'courier')),
	CONSTRAINT "login_is_bounded" CHECK(length("users"."login") between 1 and 128),
	CONSTRAINT "verified_email_is_said" CHECK(not "users"."email_verified" or "users"."email_key" is not null),
	CONSTRAINT "email_has_its_key" CHECK(("users"."email" is null) = ("users"."email_key" is null)),
	CONSTRAINT "password_is_argon2id" CHECK(substr("users"."password_hash", 1, 10) = '$argon2id$')
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `users_by_login` ON `users` (`tenant_id`,`login_key`);--> statement-breakpoint
CREATE UNIQUE INDEX `users_by_verified_email` ON `users` (`tenant_id`,`email_key`) WHERE email_verified;