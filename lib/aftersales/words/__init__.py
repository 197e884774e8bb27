"""The words of the house — errors, weeks, promotions, money, languages. Imports nothing of ours."""
