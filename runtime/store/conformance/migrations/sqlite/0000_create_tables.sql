CREATE TABLE `accounts` (
	`name` text PRIMARY KEY NOT NULL,
	`balance` integer NOT NULL,
	`big` integer,
	`open` integer DEFAULT true NOT NULL,
	`opened_at` integer,
	`tags` text,
	CONSTRAINT "balance_is_positive" CHECK("accounts"."balance" >= 0)
) STRICT;
--> statement-breakpoint
CREATE TABLE `entries` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`account` text NOT NULL,
	`amount` integer NOT NULL,
	FOREIGN KEY (`account`) REFERENCES `accounts`(`name`) ON UPDATE no action ON DELETE no action
) STRICT;
--> statement-breakpoint
CREATE INDEX `entries_by_account` ON `entries` (`account`);